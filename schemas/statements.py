"""The source tables of one batch: shape of every view, keys and foreign keys; who is READY and who BLOCKED."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
import pandera.pandas as pa_pandas
import pyarrow as pa
import pyarrow.compute as pc

from cheonggu import findings
from cheonggu.codes import CodeLists
from cheonggu.sources.contract import CONTRACT
from schemas.columns import Columns
from schemas.report import as_findings, failures, name_doubles

STATEMENT = "statement"
MAIN_DIAGNOSIS = "1"
RRN = r"[0-9]{13}"


@dataclass(frozen=True)
class Verdict:
    """``verdicts``: statement_key, is_ready; ``tables``: the views with the READY statements' rows only."""

    verdicts: pa.Table
    findings: pa.Table
    tables: Mapping[str, pa.Table]


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
    keys = tables[STATEMENT]["statement_key"].combine_chunks()
    blocked = pc.unique(findings.errors_only(all_findings)["statement_key"])
    distinct = pc.unique(keys)
    verdicts = pa.table(
        {"statement_key": distinct, "is_ready": pc.invert(pc.is_in(distinct, value_set=blocked))}
    )
    kept = {
        view: table.filter(pc.invert(pc.is_in(table["statement_key"], value_set=blocked)))
        if view in views
        else table
        for view, table in tables.items()
    }
    return Verdict(verdicts, all_findings, kept)


def set_aside(verdict: Verdict, tables: Mapping[str, pa.Table], found: pa.Table) -> Verdict:
    """The verdict after a further look at its READY statements: ``tables`` as that look left them.

    Statements named by an error of ``found`` become BLOCKED; its warnings are kept.
    """
    blocked = pc.unique(findings.errors_only(found)["statement_key"])
    verdicts = verdict.verdicts
    ready = pc.and_(verdicts["is_ready"], pc.invert(pc.is_in(verdicts["statement_key"], value_set=blocked)))
    return Verdict(
        verdicts.set_column(verdicts.column_names.index("is_ready"), "is_ready", ready),
        findings.concat([verdict.findings, found]),
        {view: _without(table, blocked) for view, table in tables.items()},
    )


def _without(table: pa.Table, blocked: pa.Array) -> pa.Table:
    if "statement_key" not in table.column_names or not len(blocked):
        return table
    return table.filter(pc.invert(pc.is_in(table["statement_key"], value_set=blocked)))


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Arrow → pandas without ever turning whole numbers into floats or days into objects."""
    return table.to_pandas(
        types_mapper={pa.int64(): pd.Int64Dtype()}.get, date_as_object=False, strings_to_categorical=False
    )


def _check_view(
    view: str, frames: Mapping[str, pd.DataFrame], schema: pa_pandas.DataFrameSchema, columns: Columns
) -> pa.Table:
    frame = frames[view]
    return as_findings(failures(schema, frame, view), frame["statement_key"], view, columns.details)


def _schema(
    view: str, columns: Columns, frames: Mapping[str, pd.DataFrame], setting: str, providers: pa.Table
) -> pa_pandas.DataFrameSchema:
    known = frames[STATEMENT]["statement_key"]
    checks = [_frame_check("SRC-005", CONTRACT.key(view)[-1], lambda rows: _key_is_unique(rows, view))]
    if view == STATEMENT:
        diagnoses = frames["diagnosis"]
        mains = diagnoses.loc[diagnoses["diagnosis_class"] == MAIN_DIAGNOSIS, "statement_key"].value_counts()
        with_one = mains.index[mains == 1]
        provider_codes = providers["provider_code"].to_pylist()
        checks += [
            _frame_check("SRC-009", "diagnosis_class", lambda rows: rows["statement_key"].isin(with_one)),
            _frame_check("SRC-010", "care_from", lambda rows: _days_fit(rows, setting)),
            _frame_check("SRC-011", "provider_code", lambda rows: rows["provider_code"].isin(provider_codes)),
            _frame_check("SRC-012", "patient_rrn", _rrn_is_whole),
        ]
    else:
        checks.append(
            _frame_check("SRC-006", "statement_key", lambda rows: rows["statement_key"].isin(known))
        )
    if view == "line":
        pairs = columns.codes.allowed("hang_mok", columns.kind or None, columns.last)
        checks.append(
            _frame_check("SRC-003", "mok", lambda rows: (rows["hang"] + "-" + rows["mok"]).isin(pairs))
        )
    return pa_pandas.DataFrameSchema(
        {one.name: columns.column(one) for one in CONTRACT.columns(view)}, checks=checks
    )


def _frame_check(rule: str, field: str, test) -> pa_pandas.Check:  # type: ignore[no-untyped-def]
    """A check over the whole table; it returns one boolean per row, so a failure stays one row."""
    return pa_pandas.Check(test, name=f"{rule}:{field}", error=f"{rule}:{field}", ignore_na=False)


def _key_is_unique(rows: pd.DataFrame, view: str) -> pd.Series:
    return ~rows.duplicated(list(CONTRACT.key(view)), keep=False)


def _days_fit(rows: pd.DataFrame, setting: str) -> pd.Series:
    """Empty days are reported as missing, not here."""
    fit = rows["care_from"] == rows["care_to"] if setting == "out" else rows["care_from"] <= rows["care_to"]
    return fit | rows["care_from"].isna() | rows["care_to"].isna()


def _rrn_is_whole(rows: pd.DataFrame) -> pd.Series:
    rrn = rows["patient_rrn"].fillna("")
    return (rrn == "") | (rrn.str.fullmatch(RRN))
