"""Who may be followed by a claim of a class, and why not: state, what is under way, reason of the review.

Source of the guards: life of a claim §§2, 5 and 9; words per reason: the scheme's code list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cheonggu.ledger import Instruction, Ledger
from cheonggu.reruns.family import ADDITION, GIVEN_UP, SUPPLEMENT, Family, is_free
from cheonggu.reruns.model import LeftOut, Request
from cheonggu.reruns.receipts import check_years, is_of, read_receipts
from cheonggu.schemes.scheme import RerunClass, Scheme
from cheonggu.states import UNDER_WAY, StatementState

NOTICE, TYPED = "notice", "typed"
BACK_REFERENCE = "back_reference"  # kind of the instruction that a person types
STATES = {
    StatementState.HELD: (
        "held",
        "심사보류입니다. 결과를 기다리세요",
        "held: wait for the result, send no claim",
    ),
    StatementState.ACCEPTED: ("accepted", "심사에서 인정되었습니다", "accepted as claimed"),
    StatementState.ADJUSTED: (
        "adjusted",
        "조정된 명세서는 재심사조정청구나 이의신청 대상입니다",
        "adjusted: the remedy is a re-review or an objection",
    ),
    StatementState.IMPOSSIBLE: (
        "impossible",
        "심사불능 명세서는 보완청구 대상입니다",
        "impossible to review: to be supplemented",
    ),
    StatementState.REPLACED: ("replaced", "보완청구로 대체되었습니다", "replaced by its supplement"),
    StatementState.WRITTEN_OFF: (
        "written_off",
        "청구를 포기한 명세서입니다",
        "given up by a person",
    ),
    StatementState.CANCELLED: (
        "cancelled",
        "전액 환수된 명세서입니다. 재청구하려면 cheonggu decide claim-anew로 결정하세요",
        "taken back in full: decide to claim it anew",
    ),
    StatementState.RECEIVED: (
        "undecided",
        "심사결과가 아직 없습니다. 통보를 받지 못했다면 참조 번호를 직접 입력하세요",
        "no review result yet; if the notice never came, type its reference",
    ),
}


@dataclass(frozen=True)
class Candidate:
    """A parent that may be followed: under which key, in which round, with which code and reason."""

    parent: Mapping[str, Any]
    statement_key: str
    round: int
    class_code: str
    reason_code: str
    detail_code: str
    basis: str
    follower_state: str | None  # None: it does not exist yet


class Judge:
    """The guards of one request, with what the ledger knows of the provider read once."""

    def __init__(self, ledger: Ledger, scheme: Scheme, request: Request, rule: RerunClass) -> None:
        self.scheme, self.request, self.rule = scheme, request, rule
        self.family = Family(ledger.rerun_children(scheme.name, request.provider_code).to_pylist())
        self.typed = self._read_typed(ledger)
        self.receipts: set[tuple[str, str]] = set()  # those named that the ledger knows
        self.parents = self._read_parents(ledger)

    def _read_typed(self, ledger: Ledger) -> dict[str, Instruction]:
        given = ledger.instructions(
            self.scheme.name,
            kind=BACK_REFERENCE,
            provider_code=self.request.provider_code,
            valid_on=self.request.as_of,
        )
        return {one.subject: one for one in given}

    def _read_parents(self, ledger: Ledger) -> list[dict[str, Any]]:
        """All that match what the person named; without that, the states the class starts from, and those held."""
        name, provider = self.scheme.name, self.request.provider_code
        receipts, keys = read_receipts(self.request), self.request.statement_keys
        if receipts or keys:
            chosen: list[dict[str, Any]]
            numbers, named = [number for _, number in receipts], [key.strip() for key in keys]
            if not receipts:
                chosen = ledger.rerun_parents(name, provider, statement_keys=named).to_pylist()
            else:
                chosen = ledger.rerun_parents(name, provider, receipt_nos=numbers).to_pylist()
                chosen = [one for one in chosen if is_of(one, receipts)]
                check_years(receipts, chosen)
                self.receipts = {
                    (year, one["receipt_no"]) for one in chosen for year in ("", one["receipt_year"])
                }
            if keys:
                return [one for one in chosen if {one["statement_key"], one["source_key"]} & set(named)]
            return chosen
        waiting = [StatementState.HELD] if self.rule.relation == SUPPLEMENT else []
        found = ledger.rerun_parents(name, provider, states=[*self.rule.from_states, *waiting])
        rows: list[dict[str, Any]] = found.to_pylist()
        if self.typed and self.rule.typed_states:
            states, subjects = self.rule.typed_states, sorted(self.typed)
            rows += ledger.rerun_parents(name, provider, states=states, statement_keys=subjects).to_pylist()
        return rows

    def judge(self, parent: Mapping[str, Any]) -> Candidate | LeftOut | None:
        """What becomes of one parent; None for one that the request does not speak of."""
        added_to = self.family.find_added_to(parent["statement_key"])
        if self.rule.relation == ADDITION and added_to is not None:
            return self._left_as_addition(parent, added_to)
        state = StatementState(parent["state"])
        is_typed = state in self.rule.typed_states and parent["statement_key"] in self.typed
        if state not in self.rule.from_states and not is_typed:
            return self._left_by_state(parent, state)
        followers = self.family.followers(parent["statement_key"], self.rule.relation)
        waiting = next((one for one in followers if one["state"] in UNDER_WAY), None)
        if waiting is not None and not is_free(waiting):
            return leave(
                parent,
                "under_way",
                f"{waiting['statement_key']}(으)로 이미 청구 중입니다",
                f"under way already as {waiting['statement_key']}",
            )
        beside = self.family.find_unwritten_beside(parent)
        if beside is not None:
            return leave(
                parent,
                "under_way",
                f"{beside}의 청구서가 만들어진 뒤에 청구할 수 있습니다",
                f"waits until {beside} stands in its claim",
            )
        given_up = next((one for one in followers if one["state"] in GIVEN_UP), None)
        if given_up is not None and waiting is None and not self.request.statement_keys:
            return leave(
                parent,
                "given_up",
                f"{given_up['statement_key']}을(를) 포기했습니다. 다시 청구하려면 명세서를 지정하세요",
                f"{given_up['statement_key']} was given up; name the statement to claim it again",
            )
        return self._candidate(parent, followers, waiting, is_typed)

    def _candidate(
        self,
        parent: Mapping[str, Any],
        followers: list[dict[str, Any]],
        waiting: Mapping[str, Any] | None,
        is_typed: bool,
    ) -> Candidate | LeftOut:
        reasons = self._reasons(parent, is_typed)
        refused = self._refuse_reasons(parent, reasons)
        if refused is not None:
            return refused
        code, _, detail = reasons[0].partition("-") if reasons else ("", "", "")
        last = max((one["round"] for one in followers if one["claim_class"] == self.rule.name), default=0)
        number = last + 1 if waiting is None else waiting["round"]
        kept = parent["class_code"] in self.rule.keeps_codes
        return Candidate(
            parent=parent,
            statement_key=make_key(self.request.provider_code, parent, self.rule.name, number)
            if waiting is None
            else waiting["statement_key"],
            round=number,
            class_code=parent["class_code"] if kept else self.rule.statement_code,
            reason_code=code if self.rule.needs_reason else "",
            detail_code=detail if self.rule.needs_reason else "",
            basis=TYPED if is_typed else NOTICE,
            follower_state=None if waiting is None else waiting["state"],
        )

    def _reasons(self, parent: Mapping[str, Any], is_typed: bool) -> list[str]:
        if is_typed:
            detail = self.typed[parent["statement_key"]].detail
            return [f"{detail['reason_code']}-{detail['detail_code']}"]
        return [one for one in parent["reasons"].split(",") if one]

    def _refuse_reasons(self, parent: Mapping[str, Any], reasons: list[str]) -> LeftOut | None:
        """Every reason must allow the class: held codes wait, 88 and 89 go to settlement, some never go again."""
        if self.rule.relation != SUPPLEMENT:
            return None
        if not reasons:
            return leave(
                parent, "no_reason", "심사결과에 사유코드가 없습니다", "the result names no reason code"
            )
        is_named = bool(self.request.statement_keys)
        allowed = {*self.rule.resubmit_as, *(self.rule.resubmit_if_named if is_named else ())}
        for reason in reasons:
            advice = self.scheme.reruns.advise(reason, self.request.as_of)
            if advice.word not in allowed:
                text = reason.removesuffix("-")
                return leave(parent, advice.word, f"{text}: {advice.ko}", f"{text}: {advice.en}")
        return None

    def _left_as_addition(self, parent: Mapping[str, Any], added_to: str) -> LeftOut | None:
        """A second addition adds to the whole statement; who named the first one, or its receipt, is told so."""
        if not self.request.receipt_nos and parent["statement_key"] not in self.request.statement_keys:
            return None
        return leave(
            parent,
            "is_addition",
            f"추가청구 명세서입니다. 원 명세서 {added_to}의 접수번호를 지정하세요",
            f"an addition itself: name the receipt of {added_to}, which it adds to",
        )

    def _left_by_state(self, parent: Mapping[str, Any], state: StatementState) -> LeftOut:
        word, ko, en = STATES.get(
            state, (state.value.lower(), f"상태가 {state.value}입니다", f"its state is {state.value}")
        )
        return leave(parent, word, ko, en)


def make_key(provider_code: str, parent: Mapping[str, Any], claim_class: str, number: int) -> str:
    """The ledger's key of a follower: told by the parent's receipt and serial, since the reviewer goes by them.

    At most 40 characters, as the source contract allows for a key; the tilde keeps it apart from the hospital's.
    """
    receipt = f"{parent['receipt_year']}-{parent['receipt_no']}-{parent['statement_no']}"
    return f"~{provider_code}-{receipt}-{claim_class[0]}{number}"


def leave(parent: Mapping[str, Any], word: str, ko: str, en: str) -> LeftOut:
    """A parent that stays behind."""
    return LeftOut(
        parent["statement_key"], parent["receipt_no"] or "", parent["statement_no"] or "", word, ko, en
    )
