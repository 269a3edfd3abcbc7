"""Instructions (지시): what a person decided, with who, why and until when. Never edited, only ended.

The audit chain holds a digest of every row, so that an instruction nobody gave, or one changed later, is found.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select

from cheonggu.errors import StateError, UsageError
from cheonggu.ledger.audit import Transaction, canonical
from cheonggu.ledger.model import Instruction, NewInstruction
from cheonggu.ledger.tables import event, instruction, instruction_end

GIVEN, ENDED = "instructed", "instruction_ended"
CONTENT = tuple(one.name for one in fields(NewInstruction))
# Stands alone, so that the digits inside a digest or a long key are none.
RESIDENT_NO = re.compile(r"(?<![0-9A-Za-z])\d{6}-?[0-9]\d{6}(?![0-9A-Za-z])")
NEEDED = {"kind": "what is decided", "subject": "what it is about", "person": "who decides", "reason": "why"}


def give(tx: Transaction, new: NewInstruction, *, anew: bool = False) -> Instruction:
    """Keep an instruction; the same content while one is valid gives that one back, unless it is given ``anew``.

    UsageError when it is incomplete.
    """
    check(new)
    known = None if anew else _find_same(tx, new)
    if known is not None:
        return known
    values = _content(new)
    where = {"scheme": new.scheme, "provider_code": new.provider_code or None}
    detail = {"what": new.kind, "subject": new.subject, "person": new.person, "digest": _digest(values)}
    event_id = tx.append(GIVEN, where, detail=detail)
    tx.connection.execute(insert(instruction).values(instruction_id=event_id, given_at=tx.now, **values))
    return get_instruction(tx.connection, event_id)


def _find_same(tx: Transaction, new: NewInstruction) -> Instruction | None:
    known = list_instructions(
        tx.connection,
        new.scheme,
        kind=new.kind,
        provider_code=new.provider_code,
        subject=new.subject,
        valid_on=datetime.fromisoformat(tx.now).date(),
    )
    return next((one for one in known if _content(one) == _content(new)), None)


def end(tx: Transaction, instruction_id: int, person: str, reason: str) -> None:
    """End an instruction from now on; ending it again changes nothing. StateError when there is none."""
    known = get_instruction(tx.connection, instruction_id)
    _need_texts({"person": person, "reason": reason})
    if known.ended_at is not None:
        return
    where = {"scheme": known.scheme, "provider_code": known.provider_code or None}
    values = {"instruction_id": instruction_id, "person": person, "reason": reason}
    tx.append(ENDED, where, detail={"instruction": instruction_id, "digest": _digest(values)})
    tx.connection.execute(insert(instruction_end).values(ended_at=tx.now, **values))


def check(new: NewInstruction) -> None:
    """UsageError when something is missing, one person signs twice, or a text holds a resident number."""
    _need_texts({name: getattr(new, name) for name in NEEDED})
    if new.second_person.strip().casefold() == new.person.strip().casefold():
        raise UsageError(
            "The second person must be somebody else.",
            "두 번째 승인자는 다른 사람이어야 합니다.",
            fix_en="Let another person confirm.",
            fix_ko="다른 사람이 확인하게 하세요.",
        )
    for text in (new.subject, new.person, new.second_person, *map(str, new.detail.values())):
        _refuse_personal(text)


def list_instructions(
    connection: Connection,
    scheme: str,
    *,
    kind: str | None = None,
    provider_code: str | None = None,
    subject: str | None = None,
    valid_on: date | None = None,
) -> list[Instruction]:
    """Instructions in the order they were given; ``valid_on``: neither ended nor expired on that day."""
    wanted = [instruction.c.scheme == scheme]
    for column, value in (("kind", kind), ("provider_code", provider_code), ("subject", subject)):
        if value is not None:
            wanted.append(instruction.c[column] == value)
    if valid_on is not None:
        expires_on = instruction.c.expires_on
        wanted += [instruction_end.c.ended_at.is_(None), or_(expires_on.is_(None), expires_on >= valid_on)]
    query = _select().where(and_(*wanted)).order_by(instruction.c.instruction_id)
    return [_to_instruction(row) for row in connection.execute(query)]


def get_instruction(connection: Connection, instruction_id: int) -> Instruction:
    row = connection.execute(_select().where(instruction.c.instruction_id == instruction_id)).one_or_none()
    if row is None:
        raise StateError(
            f"There is no instruction {instruction_id}.",
            f"{instruction_id}번 지시가 없습니다.",
            fix_en="'cheonggu decide list' shows the instructions.",
            fix_ko="'cheonggu decide list'로 번호를 확인하세요.",
        )
    return _to_instruction(row)


def find_edited(connection: Connection) -> Iterator[int]:
    """Ids of instructions whose row, or whose end, is not what the audit chain says."""
    told: dict[str, dict[int, str]] = {GIVEN: {}, ENDED: {}}
    rows = connection.execute(
        select(event.c.event_id, event.c.kind, event.c.detail).where(event.c.kind.in_(list(told)))
    )
    for row in rows:
        detail = json.loads(row.detail)
        told[row.kind][detail.get("instruction", row.event_id)] = detail["digest"]
    given, ended = {}, {}
    for one in connection.execute(_select()):
        found = _to_instruction(one)
        given[found.instruction_id] = _digest(_content(found))
        if found.ended_at is not None:
            values = {"instruction_id": found.instruction_id, "person": found.ended_by}
            ended[found.instruction_id] = _digest({**values, "reason": found.ended_reason})
    for kind, stands in ((GIVEN, given), (ENDED, ended)):
        yield from sorted(
            one for one in stands.keys() | told[kind].keys() if stands.get(one) != told[kind].get(one)
        )


def _select() -> Any:
    ending = instruction_end.c
    return select(
        instruction,
        ending.ended_at,
        ending.person.label("ended_by"),
        ending.reason.label("ended_reason"),
    ).outerjoin(instruction_end, ending.instruction_id == instruction.c.instruction_id)


def _to_instruction(row: Any) -> Instruction:
    values = dict(row._mapping)
    return Instruction(
        **{
            **values,
            "detail": json.loads(values["detail"]),
            "ended_by": values["ended_by"] or "",
            "ended_reason": values["ended_reason"] or "",
        }
    )


def _content(one: NewInstruction) -> dict[str, Any]:
    """The columns of the table that a person gave."""
    return {name: getattr(one, name) for name in CONTENT} | {"detail": canonical(one.detail)}


def _digest(values: Mapping[str, Any]) -> str:
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
    return hashlib.sha256(canonical(plain).encode()).hexdigest()


def _need_texts(texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        if not text.strip():
            raise UsageError(
                f"'{name}' is missing: {NEEDED[name]}.",
                f"'{name}' 항목이 비었습니다.",
                fix_en="Every decision is kept with who decided what and why.",
                fix_ko="누가 무엇을 왜 결정했는지 적어야 합니다.",
            )
        _refuse_personal(text)


def _refuse_personal(text: str) -> None:
    if RESIDENT_NO.search(text):
        raise UsageError(
            "An instruction must not hold a resident number.",
            "지시 내용에 주민등록번호를 적을 수 없습니다.",
            fix_en="Name the statement by its key or its number.",
            fix_ko="명세서 관리번호나 일련번호로 적으세요.",
        )
