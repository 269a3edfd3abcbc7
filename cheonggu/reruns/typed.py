"""A back reference that a person types because the notice never came: checked against all the ledger knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from cheonggu.errors import StateError, UsageError
from cheonggu.ledger import Actor, Instruction, Ledger, NewInstruction
from cheonggu.reruns.judge import BACK_REFERENCE
from cheonggu.schemes.scheme import Scheme


@dataclass(frozen=True)
class BackReference:
    """What the paper notice says of one statement: receipt number, serial and reason (code and detail)."""

    receipt_no: str
    statement_no: str
    reason_code: str
    detail_code: str = ""


def correct_back_reference(
    ledger: Ledger,
    scheme: Scheme,
    provider_code: str,
    statement_key: str,
    given: BackReference,
    *,
    person: str,
    reason: str,
    as_of: date,
    actor: Actor,
) -> Instruction:
    """Keep a typed back reference as an instruction; a supplementary rerun then uses it.

    StateError when the ledger has the notice, or knows another receipt number or serial; UsageError for a statement
    that no received claim holds, or a reason code that the code list does not hold.
    """
    found = _find_parent(ledger, scheme, provider_code, statement_key, as_of)
    for name, title in (("receipt_no", "접수번호"), ("statement_no", "명세서일련번호")):
        if getattr(given, name) != found[name]:
            raise StateError(
                f"Statement {statement_key}: the ledger holds another {name}.",
                f"명세서 {statement_key}: 원장의 {title}와(과) 다릅니다.",
                fix_en=f"Compare with the receipt: it is {found[name]}.",
                fix_ko=f"접수증과 비교하세요. 원장의 값은 {found[name]}입니다.",
            )
    code = f"{given.reason_code}-{given.detail_code}"
    word = scheme.reruns.advise(code, as_of).word
    if word == "detail_needed":
        raise UsageError(
            f"What reason code {given.reason_code} asks for depends on its detail; write the detail of the notice too.",
            f"사유코드 {given.reason_code}은(는) 세부사유코드에 따라 다릅니다. 통보서의 세부사유코드도 적으세요.",
        )
    if word == "unknown":
        raise UsageError(
            f"Reason code {code.removesuffix('-')} is not in the code list.",
            f"사유코드 {code.removesuffix('-')}이(가) 코드표에 없습니다.",
            fix_en="'cheonggu codes search' shows the codes.",
            fix_ko="'cheonggu codes search'로 찾아보세요.",
        )
    new = NewInstruction(
        scheme=scheme.name,
        kind=BACK_REFERENCE,
        provider_code=provider_code,
        subject=found["statement_key"],
        person=person,
        reason=reason,
        detail={
            "receipt_no": given.receipt_no,
            "statement_no": given.statement_no,
            "reason_code": given.reason_code,
            "detail_code": given.detail_code,
        },
    )
    return ledger.instruct(new, actor)


def _find_parent(
    ledger: Ledger, scheme: Scheme, provider_code: str, statement_key: str, as_of: date
) -> dict[str, Any]:
    """The statement, received and without a result; the newest follower when the hospital's key has several."""
    rows = ledger.rerun_parents(scheme.name, provider_code, statement_keys=[statement_key]).to_pylist()
    if not rows:
        raise UsageError(
            f"No received claim of provider {provider_code} holds statement {statement_key}.",
            f"요양기관 {provider_code}의 접수된 청구서에 명세서 {statement_key}이(가) 없습니다.",
        )
    states = {one for rule in scheme.reruns.classes(as_of).values() for one in rule.typed_states}
    waiting: list[dict[str, Any]] = [one for one in rows if one["state"] in states]
    if not waiting:
        raise StateError(
            f"The review result of statement {statement_key} is in the ledger; its reference is taken from there.",
            f"명세서 {statement_key}의 심사결과가 원장에 있으므로 참조 번호는 통보에서 가져옵니다.",
            fix_en="Plan the supplementary rerun.",
            fix_ko="보완청구를 계획하세요.",
        )
    return waiting[-1]
