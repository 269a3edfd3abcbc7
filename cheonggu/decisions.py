"""What people decide about claims, checked against the world before the ledger takes it.

The ledger enforces the states; here stands what only the gateway's folder can tell, and what a decision is bound to.
"""

from __future__ import annotations

from dataclasses import replace

from cheonggu.errors import StateError, UsageError
from cheonggu.gateways import Gateway, Place
from cheonggu.ledger import Actor, Instruction, Ledger, NewInstruction
from cheonggu.ledger.decisions import DecisionKind
from cheonggu.submission import name_set

ABOUT_CLAIMS = frozenset(
    {
        DecisionKind.APPROVAL,
        DecisionKind.WITHDRAWAL,
        DecisionKind.SENT,
        DecisionKind.NOT_SENT,
        DecisionKind.STOP_CLEARED,
    }
)


def carry_out(ledger: Ledger, gateway: Gateway, new: NewInstruction, actor: Actor) -> Instruction:
    """One decision; ``subject`` is a claim number, batch id or statement key by its kind.

    UsageError for a claim number without its provider, StateError where the states or the counterpart's folder forbid
    it; nothing was changed then.
    """
    if new.kind in ABOUT_CLAIMS and not new.provider_code:
        raise UsageError(
            f"A claim number is known only together with its provider: {new.subject}.",
            f"청구번호 {new.subject}만으로는 청구서를 찾을 수 없습니다.",
            fix_en="Give the provider code too (--provider).",
            fix_ko="요양기관기호도 적으세요(--provider).",
        )
    if new.kind == DecisionKind.APPROVAL:
        files = ledger.frozen_digest(new.provider_code, new.subject)
        new = replace(new, detail={**new.detail, "files": files})
    if new.kind == DecisionKind.NOT_SENT:
        _must_not_lie_there(ledger, gateway, new)
    if new.kind == DecisionKind.WITHDRAWAL:
        _abandon_unplaced(ledger, gateway, new, actor)
    return ledger.decide(new, actor)


def edit_remark(ledger: Ledger, new: NewInstruction, text: str, actor: Actor) -> Instruction:
    """Make a text the remark (참조내역) of a form's next claims; form ``*`` stands for all forms."""
    return ledger.decide(replace(new, kind=DecisionKind.REMARK, detail={"text": text}), actor)


def _abandon_unplaced(ledger: Ledger, gateway: Gateway, new: NewInstruction, actor: Actor) -> None:
    """End an intent of which the folder shows that nothing was ever put there.

    Else a claim whose files are lost between intent and hand-off would keep its gateway for ever. BusyError while a
    run is handing off at this moment.
    """
    current = ledger.open_submission(gateway.name)
    if current is None or (current.provider_code, current.claim_no) != (new.provider_code, new.subject):
        return
    with ledger.exclusive(f"submit-{gateway.name}"):
        current = ledger.open_submission(gateway.name)
        if current is None or current.is_placed or current.claim_no != new.subject:
            return
        token, names = name_set(new.provider_code, new.subject), [one.name for one in current.files]
        if gateway.look(token, names) is Place.FREE:
            ledger.abandon_intent(current.id, actor)


def _must_not_lie_there(ledger: Ledger, gateway: Gateway, new: NewInstruction) -> None:
    """Files in the counterpart's folder would still be taken and sent."""
    current = ledger.open_submission(gateway.name)
    if current is None or (current.provider_code, current.claim_no) != (new.provider_code, new.subject):
        return  # what lies there, if anything, is another claim's
    names = [one.name for one in ledger.claim_files(new.provider_code, new.subject)]
    left = gateway.left_over(name_set(new.provider_code, new.subject), names)
    if left:
        raise StateError(
            f"Files of claim {new.subject} still lie in the input folder: {', '.join(left)}.",
            f"청구서 {new.subject}의 파일이 아직 입력 폴더에 있습니다: {', '.join(left)}.",
            fix_en="Remove them in the client first; otherwise they would still be sent.",
            fix_ko="청구 프로그램에서 먼저 삭제하세요. 남아 있으면 송신될 수 있습니다.",
        )
