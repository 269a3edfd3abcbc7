"""The source tables of one batch: shape of every view, keys and foreign keys; who is READY and who BLOCKED."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import pandas as pd
import pandera.pandas as pa_pandas
import pyarrow as pa

from cheonggu import findings
from cheonggu.codes import CodeLists
from cheonggu.sources.contract import CONTRACT
from schemas.columns import Columns
from schemas.report import as_findings, failures, name_doubles
from schemas.verdicts import Verdict, make_verdict, to_frame

STATEMENT = "statement"
MAIN_DIAGNOSIS = "1"
RRN = r"[0-9]{13}"


def check_statements(
    tables: Mapping[str, pa.Table],
    views: tuple[str, ...],
    codes: CodeLists,
    *,
    kind: str,
    setting: str,
    care_days: tuple[date, date],
    doubles: Sequence[str] = (),
    waive: Callable[[pa.Table], pa.Table] | None = None,
) -> Verdict:
    """Check every view lazily and set bad statements aside; the others go on.

    ``doubles``: statement keys whose visit the ledger knows under another key. ``waive`` marks the findings that
    a person let pass; those do not set their statement aside.
    """
    columns = Columns(codes, kind, *care_days)
    frames = {view: to_frame(tables[view]) for view in views}
    found = [
        _check_view(view, frames, _schema(view, columns, frames, setting, tables["provider"]), columns)
        for view in views
    ]
    all_findings = findings.concat([*found, name_doubles(doubles)])
    if waive is not None:
        all_findings = waive(all_findings)
    return make_verdict(tables, views, all_findings)


def _check_view(
    view: str, frames: Mapping[str, pd.DataFrame], schema: pa_pandas.DataFrameSchema, columns: Columns
) -> pa.Table:
    frame = frames[view]
    return as_findings(failures(schema, frame, view), frame["statement_key"], view, columns.details)


def _schema(
    view: str, columns: Columns, frames: Mapping[str, pd.DataFrame], setting: str, providers: pa.Table
) -> pa_pandas.DataFrameSchema:
    known = frames[STATEMENT]["statement_key"]
    checks = [
        frame_check("SRC-005", CONTRACT.key(view)[-1], lambda rows: key_is_unique(rows, CONTRACT.key(view)))
    ]
    if view == STATEMENT:
        diagnoses = frames["diagnosis"]
        mains = diagnoses.loc[diagnoses["diagnosis_class"] == MAIN_DIAGNOSIS, "statement_key"].value_counts()
        with_one = mains.index[mains == 1]
        provider_codes = providers["provider_code"].to_pylist()
        checks += [
            frame_check("SRC-009", "diagnosis_class", lambda rows: rows["statement_key"].isin(with_one)),
            frame_check("SRC-010", "care_from", lambda rows: _days_fit(rows, setting)),
            frame_check("SRC-011", "provider_code", lambda rows: rows["provider_code"].isin(provider_codes)),
            frame_check("SRC-012", "patient_rrn", _rrn_is_whole),
        ]
    else:
        checks.append(frame_check("SRC-006", "statement_key", lambda rows: rows["statement_key"].isin(known)))
    if view == "line":
        pairs = columns.codes.allowed("hang_mok", columns.kind or None, columns.last)
        checks.append(
            frame_check("SRC-003", "mok", lambda rows: (rows["hang"] + "-" + rows["mok"]).isin(pairs))
        )
    return pa_pandas.DataFrameSchema(
        {one.name: columns.column(one) for one in CONTRACT.columns(view)}, checks=checks
    )


def frame_check(rule: str, field: str, test) -> pa_pandas.Check:  # type: ignore[no-untyped-def]
    """A check over the whole table; it returns one boolean per row, so a failure stays one row."""
    return pa_pandas.Check(test, name=f"{rule}:{field}", error=f"{rule}:{field}", ignore_na=False)


def key_is_unique(rows: pd.DataFrame, key: Sequence[str]) -> pd.Series:
    """Whether no other row has the same key."""
    return ~rows.duplicated(list(key), keep=False)


def _days_fit(rows: pd.DataFrame, setting: str) -> pd.Series:
    """Empty days are reported as missing, not here."""
    fit = rows["care_from"] == rows["care_to"] if setting == "out" else rows["care_from"] <= rows["care_to"]
    return fit | rows["care_from"].isna() | rows["care_to"].isna()


def _rrn_is_whole(rows: pd.DataFrame) -> pd.Series:
    rrn = rows["patient_rrn"].fillna("")
    return (rrn == "") | (rrn.str.fullmatch(RRN))
