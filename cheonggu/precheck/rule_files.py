"""Reading rule files (점검 규칙 파일): TOML text → :class:`Rule`, with every key, type and value looked at.

Nothing is guessed and nothing is passed over: a file that is not TOML, a key nobody knows, a number where a text
belongs or a misspelt claim kind is refused with file, rule and reason, in Korean and English.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from cheonggu.errors import UsageError
from cheonggu.findings import ERROR, WARNING
from cheonggu.precheck.model import SCOPES, Applies, Part, Rule, odd_rule

TEXTS = ("message_ko", "message_en", "fix_ko", "fix_en", "basis", "source")
RULE_KEYS = {
    "id", "level", "scope", *TEXTS, "preempts", "confidence", "from", "to", "applies", "part", "note",
}  # fmt: skip
PART_TEXTS = ("table", "where", "query", "field", "detail")
PART_KEYS = {"requires", *PART_TEXTS}
APPLIES_LISTS = ("kinds", "insurance", "setting", "provider_kinds")
APPLIES_KEYS = {*APPLIES_LISTS, "graded"}
CONFIDENCES = {"official", "secondary", "unverified", "ours"}
RULE_ID = re.compile(r"[A-Z][A-Z0-9]*-\d{3}")
SUFFIX = ".toml"
FILE, DEFAULTS = "(file)", "(defaults)"


def rule_files(folder: Path, *, is_own: bool) -> list[Path]:
    """The rule files of a folder by name; UsageError when it is not there, or a hospital's own holds none.

    A folder that is misspelt, or a file that an editor called ``own.toml.txt``, must not pass for "no rules".
    """
    if not folder.is_dir():
        raise UsageError(
            f"There is no rules folder {folder}.",
            f"규칙 폴더 {folder}이(가) 없습니다.",
            fix_en="Correct --rules, or 'folders' below [rules] in the site file.",
            fix_ko="--rules 옵션이나 설정 파일 [rules]의 folders를 고치세요.",
        )
    found = sorted(
        path for path in folder.iterdir() if path.suffix.lower() == SUFFIX and not path.name.startswith(".")
    )
    if is_own and not found:
        raise UsageError(
            f"The rules folder {folder} holds no {SUFFIX} file.",
            f"규칙 폴더 {folder}에 {SUFFIX} 파일이 없습니다.",
            fix_en="Write rules into a file such as own.toml; see that its name does not end in .txt.",
            fix_ko="own.toml 같은 파일에 규칙을 적으세요. 파일 이름이 .txt로 끝나지 않는지 확인하세요.",
        )
    return found


def read_file(path: Path) -> list[Rule]:
    """Every rule of one file in order; DataFileError names file, rule and reason of the first odd thing."""
    try:
        raw = tomllib.loads(
            path.read_text(encoding="utf-8-sig")
        )  # editors on Windows write a byte order mark
    except UnicodeDecodeError as error:
        raise odd_rule(
            path.name,
            FILE,
            f"cannot be read as TOML: it is not UTF-8 ({error.reason} at byte {error.start})",
            f"UTF-8 글자가 아니어서 읽을 수 없습니다({error.start}번째 바이트). UTF-8로 저장하세요",
        ) from error
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise odd_rule(
            path.name, FILE, f"cannot be read as TOML ({error})", f"TOML로 읽을 수 없습니다({error})"
        ) from error
    records: Any = raw.get("rule")
    if not set(raw) <= {"rule", "defaults"} or not _is_tables(records):
        raise odd_rule(
            path.name,
            FILE,
            "holds something other than [defaults] and [[rule]] records",
            "[defaults]와 [[rule]] 레코드가 아닌 것이 있거나 [[rule]]이 하나도 없습니다",
        )
    defaults = _table(path.name, DEFAULTS, raw, "defaults")
    _refuse_unknown(path.name, DEFAULTS, defaults, {"applies"}, "key")
    applies = _table(path.name, DEFAULTS, defaults, "applies")
    return [_read_rule(path.name, number, record, applies) for number, record in enumerate(records, start=1)]


def _is_tables(records: Any) -> bool:
    return isinstance(records, list) and bool(records) and all(isinstance(one, dict) for one in records)


def _read_rule(file: str, number: int, raw: Mapping[str, Any], applies: Mapping[str, Any]) -> Rule:
    rule_id = str(raw.get("id", f"no. {number}"))
    if not RULE_ID.fullmatch(rule_id):
        raise odd_rule(
            file,
            rule_id,
            "the id is not letters, a hyphen and three digits",
            "id는 영문 대문자, 붙임표, 숫자 세 자리로 적습니다(예: HSP-001)",
        )
    _refuse_unknown(file, rule_id, raw, RULE_KEYS | PART_KEYS, "key")
    for key in ("level", "scope", "confidence", *TEXTS):
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            raise odd_rule(
                file, rule_id, f"{key} is missing or empty", f"{key} 항목이 없거나 비었거나 글이 아닙니다"
            )
    _refuse_value(file, rule_id, "level", raw["level"], {ERROR, WARNING})
    _refuse_value(file, rule_id, "scope", raw["scope"], set(SCOPES))
    _refuse_value(file, rule_id, "confidence", raw["confidence"], CONFIDENCES)
    if "preempts" not in raw:
        raise odd_rule(
            file,
            rule_id,
            "preempts is missing; write [] when there is no such code",
            "preempts 항목이 없습니다. 막는 사유가 없으면 []로 적습니다",
        )
    first, last = _day(file, rule_id, raw, "from"), _day(file, rule_id, raw, "to")
    if first and last and last < first:
        raise odd_rule(file, rule_id, "to is before from", "to가 from보다 앞섭니다")
    return Rule(
        id=rule_id,
        level=raw["level"],
        scope=raw["scope"],
        **{key: raw[key].strip() for key in TEXTS},
        preempts=_list(file, rule_id, raw, "preempts"),
        confidence=raw["confidence"],
        first=first,
        last=last,
        applies=_read_applies(file, rule_id, {**applies, **_table(file, rule_id, raw, "applies")}),
        parts=_read_parts(file, rule_id, raw),
        file=file,
        note=_text(file, rule_id, raw, "note"),
    )


def _read_parts(file: str, rule_id: str, raw: Mapping[str, Any]) -> tuple[Part, ...]:
    own = {key: raw[key] for key in PART_KEYS if key in raw}
    if "part" not in raw:
        return (_read_part(file, rule_id, own),)
    if own:
        raise odd_rule(
            file,
            rule_id,
            "has a condition of its own and parts: write all of them as parts",
            "규칙에 조건이 있는데 part도 있습니다. 모두 [[rule.part]]로 적으세요",
        )
    if not _is_tables(raw["part"]):
        raise odd_rule(
            file, rule_id, "part is not one or more [[rule.part]] tables", "part는 [[rule.part]]로 적습니다"
        )
    return tuple(_read_part(file, rule_id, one) for one in raw["part"])


def _read_part(file: str, rule_id: str, raw: Mapping[str, Any]) -> Part:
    _refuse_unknown(file, rule_id, raw, PART_KEYS, "key of a part")
    has_query, has_predicate = "query" in raw, "table" in raw or "where" in raw
    if has_query == has_predicate:
        raise odd_rule(
            file,
            rule_id,
            "wants either table and where, or query",
            "조건은 table과 where, 또는 query 가운데 하나로 적습니다",
        )
    if has_predicate and not ("table" in raw and "where" in raw):
        raise odd_rule(file, rule_id, "wants both table and where", "table과 where를 모두 적어야 합니다")
    if has_query and ("field" in raw or "detail" in raw):
        raise odd_rule(
            file,
            rule_id,
            "a query gives field and detail as columns",
            "query에서는 field와 detail을 열로 내보냅니다",
        )
    texts = {key: _text(file, rule_id, raw, key).strip() for key in PART_TEXTS}
    for key in ("table", "where", "query"):
        if key in raw and not texts[key]:
            raise odd_rule(file, rule_id, f"{key} is empty", f"{key} 항목이 비었습니다")
    texts["query"] = texts["query"].rstrip(";").rstrip()
    return Part(
        table=texts["table"],
        where=texts["where"],
        query=texts["query"],
        field=texts["field"],
        detail=texts["detail"],
        requires=_list(file, rule_id, raw, "requires"),
    )


def _read_applies(file: str, rule_id: str, raw: Mapping[str, Any]) -> Applies:
    _refuse_unknown(file, rule_id, raw, APPLIES_KEYS, "key of applies")
    graded = raw.get("graded")
    if graded is not None and not isinstance(graded, bool):
        raise odd_rule(file, rule_id, "graded is not true or false", "graded는 true나 false로 적습니다")
    sets = {key: frozenset(_list(file, rule_id, raw, key)) for key in APPLIES_LISTS}
    return Applies(graded=graded, **sets)


def _text(file: str, rule_id: str, raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key, "")
    if not isinstance(value, str):
        raise odd_rule(
            file, rule_id, f"{key} is not a text in quotes", f"{key}은(는) 따옴표 안의 글이어야 합니다"
        )
    return value


def _list(file: str, rule_id: str, raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value: Sequence[Any] = raw.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise odd_rule(
            file,
            rule_id,
            f'{key} is not a list of texts such as ["…"]',
            f'{key}은(는) ["…"]처럼 글의 목록으로 적습니다',
        )
    twice = next((one for place, one in enumerate(value) if one in value[:place]), None)
    if twice is not None:
        raise odd_rule(
            file, rule_id, f"{key} names {twice!r} twice", f"{key}에 {twice!r}이(가) 두 번 있습니다"
        )
    return tuple(value)


def _table(file: str, rule_id: str, raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key, {})
    if not isinstance(value, dict):
        raise odd_rule(file, rule_id, f"{key} is not a table {{ … }}", f"{key}은(는) {{ … }} 표로 적습니다")
    return value


def _refuse_unknown(file: str, rule_id: str, raw: Mapping[str, Any], known: set[str], what: str) -> None:
    unknown = sorted(set(raw) - known)
    if unknown:
        raise odd_rule(
            file,
            rule_id,
            f"unknown {what} {unknown[0]!r}",
            f"모르는 항목 {unknown[0]!r}. 쓸 수 있는 항목: {', '.join(sorted(known))}",
        )


def _refuse_value(file: str, rule_id: str, key: str, value: str, known: set[str]) -> None:
    if value not in known:
        choices = ", ".join(sorted(known))
        raise odd_rule(
            file,
            rule_id,
            f"{key} is {value!r}, want one of {choices}",
            f"{key}이(가) {value!r}입니다. {choices} 가운데 하나여야 합니다",
        )


def _day(file: str, rule_id: str, raw: Mapping[str, Any], key: str) -> date | None:
    value = raw.get(key)
    if value is not None and type(value) is not date:
        raise odd_rule(
            file,
            rule_id,
            f"{key} is not a day (write 2024-01-01 without quotes)",
            f"{key}은(는) 따옴표 없이 2024-01-01처럼 적습니다",
        )
    return value
