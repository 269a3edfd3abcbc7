"""What may follow a claim in this scheme, as the shared reruns ask it (추가·보완 청구).

Any number of claims may follow one accident, each with receipts of its own: there is no class for what was left out,
and the month of a claim means nothing. Papers that were asked for go in a supplementary package.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pyarrow as pa

from cheonggu.errors import UsageError
from cheonggu.schemes.scheme import Advice, RerunClass
from cheonggu.schemes.school_safety.package.papers import document_names

SUPPLEMENTARY = RerunClass(
    name="supplementary",
    title_ko="보완 청구",
    relation="supplement",
    header_code="1",
    statement_code="1",
    from_states=("IMPOSSIBLE",),
    typed_states=(),
    resubmit_as=("supplement",),
    resubmit_if_named=(),
    needs_reason=True,
    keeps_codes=(),
    is_automatic=False,
    needs_change_in=(),
)
ASK = Advice(
    "supplement",
    "공제회가 요청한 서류를 첨부하면 보완 청구로 다시 보냅니다",
    "attach the papers asked for; the claim goes again as a supplementary one",
)
UNKNOWN = Advice("unknown", "구비서류 목록에 없는 코드입니다", "a code that the list of papers does not hold")


def rerun_classes(as_of: date) -> Mapping[str, RerunClass]:
    """Name → class beside the first claim: what comes back with the papers that were asked for."""
    return {SUPPLEMENTARY.name: SUPPLEMENTARY}


def advise(reason: str, as_of: date) -> Advice:
    """What a paper that the association asks for means; ``reason`` is its code."""
    return ASK if reason.rstrip("-") in document_names() else UNKNOWN


def claim_from(as_of: date) -> date:
    """The three years run from accident and payment, claim by claim: the assessment judges them, no month does."""
    return date(1900, 1, 1)


def cut_addition(
    now: Mapping[str, pa.Table], sent: Mapping[str, pa.Table]
) -> tuple[dict[str, pa.Table], pa.Table]:
    """UsageError: what was left out is another claim on the same accident."""
    raise UsageError(
        "This scheme has no additional claims; register another claim on the accident.",
        "이 제도에는 추가청구가 없습니다. 같은 사고로 청구서를 새로 등록하세요.",
    )
