"""Thirty rules of the catalogue as plain vectorised pandas: what one would write without an engine.

``RULES``: rule id → function of the frames ``header stmt dx line rx detail claim`` (and ``start``, the first care day
of each statement) that returns the serials found, or ``[""]`` for a finding of the claim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Frames = Mapping[str, pd.DataFrame]
TABLES = ("header", "stmt", "dx", "line", "rx", "detail", "claim")
BENEFIT = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "S", "T", "L"]
STATE_PAID = ["4", "7", "B", "D"]
SPLIT_CODES = ["MT037", "MT065", "MT045", "MT030"]
CAUSES = ["C", "D", "E", "F", "M", "N"]


def to_frames(tables: Mapping[str, pa.Table]) -> dict[str, pd.DataFrame]:
    """Arrow-backed frames, and the facts several rules need, once."""
    frames = {name: _frame(tables[name]) for name in TABLES}
    frames["stmt"] = frames["stmt"].assign(birth=_birthdays(frames["stmt"]["patient_rrn"]))
    dx = frames["dx"]
    starts = (
        dx[["statement_no"]]
        .assign(start=_days(dx["care_start_date"]))
        .groupby("statement_no", as_index=False)
        .min()
    )
    frames["visit"] = frames["stmt"].merge(starts, on="statement_no", how="left")
    return frames


def _frame(table: pa.Table) -> pd.DataFrame:
    """Text as Arrow strings, whole numbers as int64 with 0 for blank."""
    for place, one in enumerate(table.schema):
        if pa.types.is_integer(one.type):
            table = table.set_column(place, one.name, pc.fill_null(table[one.name], 0))
    return table.to_pandas(types_mapper={pa.string(): pd.StringDtype("pyarrow")}.get)


def _days(texts: Any) -> Any:
    return pd.to_datetime(texts, format="%Y%m%d", errors="coerce")


def _birthdays(rrn: Any) -> Any:
    lead = rrn.str.slice(6, 7)
    century = np.select(
        [lead.isin(["1", "2", "5", "6"]), lead.isin(["3", "4", "7", "8"])], ["19", "20"], "18"
    )
    return _days(pd.Series(century, index=rrn.index, dtype="string") + rrn.str.slice(0, 6))


def _no(frame: pd.DataFrame, mask: Any) -> Any:
    return frame.loc[mask.fillna(False).astype(bool), "statement_no"]


def _is_blank(texts: Any) -> Any:
    return texts.fillna("").str.strip() == ""


def _sums(f: Frames, mask: Any) -> Any:
    return f["line"].loc[mask].groupby("statement_no")["line_amount"].sum()


def _of_statement(f: Frames, sums: Any) -> Any:
    return f["stmt"]["statement_no"].map(sums).astype("float64")


def amt_002(f: Frames) -> Any:
    s, won = f["stmt"], _of_statement(f, _sums(f, f["line"]["hang"].isin(BENEFIT))).fillna(0)
    return _no(s, (s["total_benefit_cost_1"] == 0) & (won >= 10))


def amt_003(f: Frames) -> Any:
    s = f["stmt"]
    return _no(
        s,
        (s["total_benefit_cost_1"] < s["patient_copay"]) | (s["total_benefit_cost_1"] < s["claimed_amount"]),
    )


def amt_005(f: Frames) -> Any:
    s = f["stmt"]
    names = (
        "claimed_amount",
        "patient_copay",
        "partial_copay_total",
        "partial_copay_patient",
        "partial_copay_claimed",
    )
    is_zero = np.logical_and.reduce([s[name].fillna(0) == 0 for name in names])
    return _no(s, pd.Series(is_zero) & ~s["injury_work_class"].isin(STATE_PAID))


def amt_007(f: Frames) -> Any:
    s = f["stmt"]
    due = s["total_benefit_cost_1"] - s["patient_copay"]
    for name in ("veterans_claimed_amount", "disability_medical_cost", "loan_amount"):
        due = due - s[name].fillna(0)
    is_paid = s["injury_work_class"].isin(STATE_PAID)
    return _no(
        s,
        ((s["injury_work_class"] == "7") & (s["claimed_amount"] != 0))
        | (~is_paid & (s["claimed_amount"] != due)),
    )


def amt_011(f: Frames) -> Any:
    s, won = f["stmt"], _of_statement(f, _sums(f, f["line"]["hang"] == "U")).fillna(0)
    return _no(s, s["full_copay_total"].fillna(0) != won - won % 10)


def amt_012(f: Frames) -> Any:
    s = f["stmt"]
    veterans = _of_statement(f, _sums(f, f["line"]["hang"].isin(["V", "W"]))).fillna(0)
    total = s["total_benefit_cost_1"] + s["full_copay_total"].fillna(0)
    total = total + veterans.where(s["injury_work_class"].isin(STATE_PAID), 0)
    return _no(s, s["total_benefit_cost_2"] != total - total % 10)


def day_003(f: Frames) -> Any:
    return _no(f["visit"], f["visit"]["start"].dt.strftime("%Y%m") != f["header"]["treatment_month"][0])


def day_007(f: Frames) -> Any:
    return _no(f["stmt"], f["stmt"]["visit_days"] > 1)


def day_010(f: Frames) -> Any:
    return _no(f["stmt"], f["stmt"]["visit_days"] > f["stmt"]["benefit_days"])


def dx_001(f: Frames) -> Any:
    return _no(f["stmt"], ~f["stmt"]["statement_no"].isin(f["dx"]["statement_no"]))


def dx_002(f: Frames) -> Any:
    mains = (f["dx"]["diagnosis_class"] == "1").groupby(f["dx"]["statement_no"]).sum()
    return mains[mains != 1].index


def dx_003(f: Frames) -> Any:
    return _no(f["dx"], ~f["dx"]["diagnosis_class"].isin(["1", "2", "3"]))


def dx_007(f: Frames) -> Any:
    dx = f["dx"]
    is_cause = dx["diagnosis_code"].str.slice(0, 1).isin(["V", "W", "X", "Y"])
    return _no(dx, (dx["diagnosis_class"] == "1") & is_cause)


def dx_011(f: Frames) -> Any:
    dx = f["dx"].loc[~_is_blank(f["dx"]["diagnosis_code"])]
    return _no(dx, dx.duplicated(["statement_no", "diagnosis_code", "department"]))


def file_007(f: Frames) -> Any:
    known = f["stmt"]["statement_no"]
    rows = [f[name]["statement_no"] for name in ("dx", "line", "rx", "detail")]
    return pd.concat([one[~one.isin(known)] for one in rows])


def hdr_020(f: Frames) -> Any:
    header, s = f["header"].iloc[0], f["stmt"]
    names = (
        "total_benefit_cost_1",
        "patient_copay",
        "claimed_amount",
        "support_amount",
        "total_benefit_cost_2",
    )
    sums = {name: int(s[name].sum()) for name in names} | {"statement_count": len(s)}
    return [""] if any((header[name] or 0) != won for name, won in sums.items()) else []


def lic_002(f: Frames) -> Any:
    x = f["line"]
    is_fee = (x["hang"] == "01") & x["mok"].isin(["01", "02"])
    return _no(x, is_fee & (_is_blank(x["license_type"]) | _is_blank(x["license_no"])))


def line_001(f: Frames) -> Any:
    return _no(f["stmt"], ~f["stmt"]["statement_no"].isin(f["line"]["statement_no"]))


def line_007(f: Frames) -> Any:
    x = f["line"]
    no_dose = x["line_code_type"].isin(["3", "4"]) & (x["dose_qty"].fillna(0) <= 0)
    return _no(x, (x["daily_qty"].fillna(0) <= 0) | (x["total_days"].fillna(0) <= 0) | no_dose)


def line_008(f: Frames) -> Any:
    """Amounts within int64 only: prices of a claim's lines are small enough."""
    x = f["line"]
    is_drug = (x["line_code_type"].isin(["3", "4"]) & (x["dose_qty"] > 0)).fillna(False)
    times = x["unit_price"] * x["daily_qty"] * x["total_days"]
    won = times.where(~is_drug, times * x["dose_qty"].fillna(0))
    unit = pd.Series(np.where(is_drug, 100_000_000, 10_000), index=x.index)
    exact = won * 2 + unit
    amount = x["line_amount"]
    return _no(x, (amount * 2 * unit > exact) | ((amount + 1) * 2 * unit <= exact))


def line_009(f: Frames) -> Any:
    x = f["line"].loc[f["line"]["line_code_type"].isin(["3", "C"]) & (f["line"]["hang"] == "03")]
    x = x.merge(f["stmt"][["statement_no", "benefit_days"]], on="statement_no")
    return _no(x, (x["benefit_days"] > 0) & (x["total_days"] > x["benefit_days"]))


def line_011(f: Frames) -> Any:
    x = f["line"]
    changed = ~_is_blank(x["change_date"])
    found = x.assign(changed=changed).groupby(["statement_no", "line_code_type", "line_code", "hang"]).agg(
        prices=("unit_price", "nunique"), changed=("changed", "any")
    )  # fmt: skip
    return found.index[(found["prices"] > 1) & ~found["changed"]].get_level_values(0)


def line_013(f: Frames) -> Any:
    x, s = f["line"], f["stmt"]
    fees = x.loc[(x["hang"] == "01") & x["mok"].isin(["01", "02"])]
    times = (fees["daily_qty"] * fees["total_days"]).groupby(fees["statement_no"]).sum()
    e = f["detail"]
    excused = e.loc[
        (e["detail_unit"] == "1") & e["detail_code"].isin(["MT040", "MS005", "MT046"]), "statement_no"
    ]
    departments = f["dx"].groupby("statement_no")["department"].nunique()
    no = s["statement_no"]
    is_one = no.map(departments).astype("float64").fillna(0) <= 1
    return _no(
        s, (s["visit_days"] == 1) & (no.map(times).astype("float64") >= 200) & ~no.isin(excused) & is_one
    )


def pat_001(f: Frames) -> Any:
    return _no(f["stmt"], ~f["stmt"]["patient_rrn"].fillna("").str.fullmatch(r"\d{13}"))


def pat_002(f: Frames) -> Any:
    s = f["stmt"]
    return _no(s, s["patient_rrn"].fillna("").str.fullmatch(r"\d{13}") & s["birth"].isna())


def pat_003(f: Frames) -> Any:
    s = f["stmt"]
    rrn = s["patient_rrn"]
    is_checked = rrn.str.fullmatch(r"\d{13}") & (s["birth"] < pd.Timestamp(2020, 10, 1))
    is_checked = is_checked.fillna(False).astype(bool) & ~rrn.str.slice(6, 7).isin(["5", "6", "7", "8"])
    chosen = s.loc[is_checked & (rrn.str.slice(7, 12) != "00000")]
    digits = [chosen["patient_rrn"].str.slice(place, place + 1).astype("int64") for place in range(13)]
    total = sum(
        weight * digit for weight, digit in zip([2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5], digits, strict=False)
    )
    return _no(chosen, (11 - total % 11) % 10 != digits[12])


def pat_004(f: Frames) -> Any:
    return _no(f["stmt"], _is_blank(f["stmt"]["patient_name"]))


def pat_006(f: Frames) -> Any:
    return _no(f["visit"], f["visit"]["start"] < f["visit"]["birth"])


def rx_004(f: Frames) -> Any:
    e = f["detail"].loc[f["detail"]["detail_unit"].isin(["3", "4"]), ["statement_no", "prescription_no"]]
    known = f["rx"][["statement_no", "prescription_no"]].drop_duplicates()
    lost = e.merge(known, how="left", indicator=True)
    return pd.concat(
        [_no(lost, lost["_merge"] == "left_only"), _no(f["rx"], _is_blank(f["rx"]["line_code"]))]
    )


def xst_001(f: Frames) -> Any:
    v, e, dx = f["visit"], f["detail"], f["dx"]
    of_statement = e.loc[e["detail_unit"] == "1"]
    split = of_statement.loc[
        of_statement["detail_code"].isin(SPLIT_CODES)
        | ((of_statement["detail_code"] == "MT001") & of_statement["detail_text"].str.strip().isin(CAUSES)),
        "statement_no",
    ]
    mains = dx.loc[dx["diagnosis_class"] == "1", ["statement_no", "department"]].groupby("statement_no").min()
    v = v.loc[_is_blank(v["claim_class"]) & v["start"].notna() & ~_is_blank(v["patient_rrn"])]
    v = v.loc[~v["statement_no"].isin(split)].merge(mains, on="statement_no", how="left")
    return _no(v, v.duplicated(["patient_rrn", "start", "department"], keep=False))


RULES: dict[str, Callable[[Frames], Any]] = {
    f"{name.upper().replace('_', '-')}": rule
    for name, rule in list(globals().items())
    if callable(rule) and name[-3:].isdigit()
}


def find_all(tables: Mapping[str, pa.Table]) -> set[tuple[str, str]]:
    """(rule, serial) of everything the thirty rules find."""
    frames = to_frames(tables)
    return {(rule, str(no)) for rule, find in RULES.items() for no in set(find(frames))}
