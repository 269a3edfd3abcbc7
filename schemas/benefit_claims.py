"""The source tables of a batch of benefit claims: columns, keys, links, days and sums; judgement comes after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import pandas as pd
import pandera.pandas as pa_pandas
import pyarrow as pa

from cheonggu import findings
from cheonggu.schemes.scheme import Scheme
from cheonggu.sources.contract import Contract
from schemas.columns import Columns
from schemas.report import as_findings, failures, name_doubles
from schemas.statements import frame_check, key_is_unique
from schemas.verdicts import Verdict, make_verdict, to_frame

CLAIM, RECEIPT, ITEM = "benefit_claim", "receipt", "item"
POINTED_TO = ("school", "pupil", "accident")


def check_benefit_claims(
    tables: Mapping[str, pa.Table],
    scheme: Scheme,
    *,
    on: date,
    doubles: Sequence[str] = (),
    waive: Callable[[pa.Table], pa.Table],
) -> Verdict:
    """Check every view lazily and set bad claims aside; the others go on.

    ``on``: the day of the claim, after which no treatment may lie. ``doubles``: keys the ledger knows as claimed.
    ``waive`` marks the findings that a person let pass.
    """
    columns = Columns(scheme.codes, "", on, on)
    frames = {view: to_frame(tables[view]) for view in scheme.views.statement}
    known = {view: _sound_rows(view, tables[view], columns, scheme.views.contract) for view in POINTED_TO}
    found = [
        as_findings(
            failures(_schema(view, columns, frames, known, scheme.views.contract, on), frames[view], view),
            frames[view]["statement_key"],
            view,
            columns.details,
        )
        for view in scheme.views.statement
    ]
    return make_verdict(
        tables, scheme.views.statement, waive(findings.concat([*found, name_doubles(doubles)]))
    )


def _schema(
    view: str,
    columns: Columns,
    frames: Mapping[str, pd.DataFrame],
    known: Mapping[str, pd.DataFrame],
    contract: Contract,
    on: date,
) -> pa_pandas.DataFrameSchema:
    key = contract.key(view)
    checks = [frame_check("SRC-005", key[-1], lambda rows: key_is_unique(rows, key))]
    if view == CLAIM:
        checks += [
            frame_check(
                "SRC-018", "school_code", lambda rows: _is_known(rows, known, "school", "school_code")
            ),
            frame_check("SRC-014", "pupil_key", lambda rows: _is_known(rows, known, "pupil", "pupil_key")),
            frame_check(
                "SRC-020", "accident_no", lambda rows: _is_known(rows, known, "accident", "accident_no")
            ),
            frame_check("SRC-019", "treated_from", lambda rows: _days_fit(rows, on)),
            frame_check("SRC-015", "claimed_won", lambda rows: _sums_agree(rows, frames[ITEM])),
            frame_check("SRC-016", RECEIPT, lambda rows: _has_rows(rows, frames[RECEIPT])),
        ]
    else:
        claims = frames[CLAIM]["statement_key"]
        checks.append(
            frame_check("SRC-006", "statement_key", lambda rows: rows["statement_key"].isin(claims))
        )
    if view == ITEM:
        checks.append(frame_check("SRC-017", "receipt_key", lambda rows: _receipt_stands(rows, frames)))
    return pa_pandas.DataFrameSchema(
        {one.name: columns.column(one) for one in contract.columns(view)}, checks=checks
    )


def _sound_rows(view: str, table: pa.Table, columns: Columns, contract: Contract) -> pd.DataFrame:
    """The rows of a roster that keep the contract; a claim that points to another one cannot be written."""
    frame = to_frame(table)
    shape = pa_pandas.DataFrameSchema({one.name: columns.column(one) for one in contract.columns(view)})
    return frame.drop(index=failures(shape, frame, view)["row"].unique())


def _is_known(rows: pd.DataFrame, known: Mapping[str, pd.DataFrame], view: str, name: str) -> pd.Series:
    return rows[name].isin(known[view][name])


def _days_fit(rows: pd.DataFrame, on: date) -> pd.Series:
    """Empty days are reported as missing, not here; a cost of the future cannot be claimed."""
    last = pd.Timestamp(on)
    fit = (rows["treated_from"] <= rows["treated_to"]) & (rows["treated_to"] <= last)
    return fit | rows["treated_from"].isna() | rows["treated_to"].isna()


def _sums_agree(rows: pd.DataFrame, items: pd.DataFrame) -> pd.Series:
    """청구금액 is the sum of the claimed lines (the insurer's part is none)."""
    own = items.loc[items["nhi_class"] != "insurer_share"]
    sums = own.groupby("statement_key")["amount_won"].sum()
    return rows["claimed_won"].eq(rows["statement_key"].map(sums).fillna(0)) | rows["claimed_won"].isna()


def _has_rows(rows: pd.DataFrame, others: pd.DataFrame) -> pd.Series:
    return rows["statement_key"].isin(others["statement_key"])


def _receipt_stands(rows: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> pd.Series:
    receipts = frames[RECEIPT]
    pairs = pd.MultiIndex.from_frame(receipts[["statement_key", "receipt_key"]])
    return pd.Series(
        pd.MultiIndex.from_frame(rows[["statement_key", "receipt_key"]]).isin(pairs), index=rows.index
    )
