"""Waivers (점검제외): a person lets a finding pass, with reason and expiry; kept as instructions of kind ``waiver``.

A waived error stays among the findings, with the waiver's number in ``waiver_id``, and no longer blocks. What may be
waived is data of the scheme: never a rule of the wire format; a rule that the payer answers with a return of the
whole claim (반송) only when a second person signs. Both are asked again whenever waivers are read, so that one that
was given under other rules does not outlive them. ``waiving.py`` applies them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase

from cheonggu.errors import UsageError
from cheonggu.ledger import Actor, Instruction, Ledger, NewInstruction
from cheonggu.precheck import Rule
from cheonggu.schemes.scheme import Scheme

WAIVER, EXPIRY_TOLD = "waiver", "waiver_expiry_told"
FINDING, STATEMENT, DEPARTMENT, PROVIDER = "finding", "statement", "department", "provider"
SCOPES = (FINDING, STATEMENT, DEPARTMENT, PROVIDER)
RETURNS = "R:"  # how a rule names a return of the whole claim among the codes it prevents


@dataclass(frozen=True)
class NewWaiver:
    """What a person lets pass. ``scope`` finding: one rule at one place (``line_no`` 0 and ``field`` "" where the
    finding names none); statement, department, provider: the rule wherever it fires there.
    """

    rule_id: str
    scope: str
    provider_code: str
    person: str
    reason: str
    expires_on: date
    statement_key: str = ""
    line_no: int = 0
    field: str = ""
    department: str = ""
    second_person: str = ""


@dataclass(frozen=True)
class Waiver(NewWaiver):
    """A waiver as the ledger keeps it; ``id`` is its instruction."""

    id: int = 0


@dataclass(frozen=True)
class Terms:
    """What may be waived on a day: ``returning`` gives the return codes of a rule that prevents some."""

    max_days: int
    refused: tuple[str, ...]
    source_rules: frozenset[str]
    known: frozenset[str]
    returning: Mapping[str, tuple[str, ...]]

    def is_refused(self, rule_id: str) -> bool:
        """Whether nobody may waive it, because the files would break."""
        matches = any(fnmatchcase(rule_id, one) for one in self.refused)
        return matches and rule_id not in self.source_rules

    def permits(self, one: NewWaiver) -> bool:
        """Whether a waiver may be applied under these terms."""
        is_signed = bool(one.second_person) or one.rule_id not in self.returning
        return is_signed and not self.is_refused(one.rule_id)


def read_terms(scheme: Scheme, on: date, rules: Sequence[Rule]) -> Terms:
    """The scheme's terms on a day, for its pre-check rules and the hospital's own."""
    source_rules = frozenset(scheme.value_on("waiver_source_rules", on))
    returning = {rule.id: tuple(code for code in rule.preempts if code.startswith(RETURNS)) for rule in rules}
    return Terms(
        max_days=scheme.value_on("waiver_max_days", on),
        refused=tuple(scheme.value_on("waiver_refused_rules", on)),
        source_rules=source_rules,
        known=source_rules | {rule.id for rule in rules},
        returning={rule_id: codes for rule_id, codes in returning.items() if codes},
    )


def grant(ledger: Ledger, scheme: Scheme, terms: Terms, new: NewWaiver, today: date, actor: Actor) -> Waiver:
    """Keep a waiver; the same one again gives the first. UsageError says why it may not be given."""
    check_waiver(new, terms, today)
    target = {
        FINDING: f"{new.statement_key}|{new.line_no}|{new.field}",
        STATEMENT: new.statement_key,
        DEPARTMENT: new.department,
        PROVIDER: new.provider_code,
    }[new.scope]
    given = ledger.instruct(
        NewInstruction(
            scheme=scheme.name,
            kind=WAIVER,
            provider_code=new.provider_code,
            subject=f"{new.rule_id}|{target}",
            person=new.person,
            reason=new.reason,
            second_person=new.second_person,
            expires_on=new.expires_on,
            detail={
                "rule_id": new.rule_id,
                "scope": new.scope,
                "statement_key": new.statement_key,
                "line_no": new.line_no,
                "field": new.field,
                "department": new.department,
                "is_forced": new.rule_id in terms.returning,
            },
        ),
        actor,
    )
    return to_waiver(given)


def is_seen(ledger: Ledger, new: NewWaiver) -> bool:
    """Whether the ledger has the statement a waiver names: one it never saw may be a slip, or still to come."""
    return not new.statement_key or len(ledger.statement_history(new.statement_key)) > 0


def check_waiver(new: NewWaiver, terms: Terms, today: date) -> None:
    """UsageError when the rule is unknown or may not be waived, the place is incomplete, or the time too long."""
    last = today + timedelta(days=terms.max_days)
    needed = {FINDING: new.statement_key, STATEMENT: new.statement_key, DEPARTMENT: new.department}
    if terms.is_refused(new.rule_id):
        raise UsageError(
            f"Rule {new.rule_id} guards the files themselves and cannot be waived.",
            f"규칙 {new.rule_id}은(는) 파일 형식을 지키는 규칙이라 점검에서 제외할 수 없습니다.",
            fix_en="Correct the record.",
            fix_ko="원천 자료를 고치세요.",
        )
    if new.rule_id not in terms.known:
        raise UsageError(
            f"There is no rule {new.rule_id}.",
            f"규칙 {new.rule_id}이(가) 없습니다.",
            fix_en="'cheonggu rules list' shows them.",
            fix_ko="'cheonggu rules list'로 확인하세요.",
        )
    if new.scope not in SCOPES or not new.provider_code or not needed.get(new.scope, new.provider_code):
        raise UsageError(
            f"A waiver names the provider and is for one of {', '.join(SCOPES)}, with its statement or department.",
            f"점검제외는 요양기관과 범위({', '.join(SCOPES)}), 그 명세서나 진료과를 적어야 합니다.",
        )
    if not today <= new.expires_on <= last:
        raise UsageError(
            f"A waiver may hold from today until {last} at most.",
            f"점검제외 기한은 오늘부터 {last}까지입니다.",
            fix_en="Choose an earlier last day; it can be given anew.",
            fix_ko="기한을 줄이세요. 끝나면 다시 줄 수 있습니다.",
        )
    if not terms.permits(new):
        codes = ", ".join(terms.returning[new.rule_id])
        raise UsageError(
            f"Rule {new.rule_id} prevents a return of the whole claim ({codes}); a second person must sign too.",
            f"규칙 {new.rule_id}은(는) 청구서 전체의 반송({codes})을 막는 규칙입니다. 다른 사람의 승인도 필요합니다.",
            fix_en="Give the second person's id.",
            fix_ko="두 번째 승인자를 적으세요.",
        )


def valid_waivers(ledger: Ledger, scheme: str, on: date, terms: Terms) -> tuple[Waiver, ...]:
    """The waivers that hold on a day and that the terms permit, in the order they were given."""
    given = map(to_waiver, ledger.instructions(scheme, kind=WAIVER, valid_on=on))
    return tuple(one for one in given if terms.permits(one))


def to_waiver(one: Instruction) -> Waiver:
    """The waiver in an instruction."""
    detail = one.detail
    return Waiver(
        rule_id=str(detail["rule_id"]),
        scope=str(detail["scope"]),
        provider_code=one.provider_code,
        person=one.person,
        reason=one.reason,
        expires_on=one.expires_on or date.max,
        statement_key=str(detail.get("statement_key", "")),
        line_no=int(detail.get("line_no", 0)),
        field=str(detail.get("field", "")),
        department=str(detail.get("department", "")),
        second_person=one.second_person,
        id=one.instruction_id,
    )


def find_expired(ledger: Ledger, scheme: str, on: date) -> tuple[Waiver, ...]:
    """The waivers that ran out before a day, were not ended and were not told yet."""
    told = {one.subject for one in ledger.instructions(scheme, kind=EXPIRY_TOLD)}
    return tuple(
        to_waiver(one)
        for one in ledger.instructions(scheme, kind=WAIVER)
        if one.expires_on is not None and one.expires_on < on and one.ended_at is None
        if str(one.instruction_id) not in told
    )


def note_told(ledger: Ledger, scheme: str, expired: Sequence[Waiver], actor: Actor) -> None:
    """Remember, after the telling, that people were told of these: a crash tells them twice, never not at all."""
    for one in expired:
        ledger.instruct(
            NewInstruction(scheme, EXPIRY_TOLD, one.provider_code, str(one.id), actor.name, "expired"), actor
        )
