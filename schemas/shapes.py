"""The sets of shapes by the name a scheme gives (``Scheme.shapes``), each called the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.errors import UsageError
from cheonggu.schemes.scheme import Scheme
from schemas.benefit_claims import check_benefit_claims
from schemas.statements import STATEMENT, check_statements
from schemas.verdicts import Verdict


@dataclass(frozen=True)
class ShapeInput:
    """One extracted batch: its tables by view, and keys whose visit the ledger knows under another key.

    ``waive`` marks the findings that a person let pass.
    """

    tables: Mapping[str, pa.Table]
    scheme: Scheme
    kind: str
    group: Mapping[str, str]
    claim_date: date
    doubles: Sequence[str]
    waive: Callable[[pa.Table], pa.Table]


def check_shapes(batch: ShapeInput) -> Verdict:
    """Check a batch by the scheme's own set of shapes; UsageError when there is no such set."""
    try:
        run = SHAPES[batch.scheme.views.shapes]
    except KeyError:
        raise UsageError(
            f"There is no set of shapes {batch.scheme.views.shapes!r}.",
            "제도가 요구하는 검증 규칙 묶음이 없습니다.",
        ) from None
    return run(batch)


def _statements(batch: ShapeInput) -> Verdict:
    return check_statements(
        batch.tables,
        batch.scheme.views.statement,
        batch.scheme.codes,
        kind=batch.kind,
        setting=batch.group.get("setting", ""),
        care_days=_care_days(batch.tables[STATEMENT], batch.claim_date),
        doubles=batch.doubles,
        waive=batch.waive,
    )


def _care_days(statements: pa.Table, otherwise: date) -> tuple[date, date]:
    """First and last care day of the batch, for which codes must be in force."""
    days = pc.min_max(statements["care_to"]).as_py()
    return days["min"] or otherwise, days["max"] or otherwise


def _benefit_claims(batch: ShapeInput) -> Verdict:
    return check_benefit_claims(
        batch.tables, batch.scheme, on=batch.claim_date, doubles=batch.doubles, waive=batch.waive
    )


SHAPES: dict[str, Callable[[ShapeInput], Verdict]] = {
    "statements": _statements,
    "benefit_claims": _benefit_claims,
}
