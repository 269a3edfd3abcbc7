"""What commands that read one JSON object per line share: the lines with their numbers, and the answer to a bad one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from cheonggu.errors import UsageError
from cheonggu.vocabulary import MalformedError


def read_lines(file: Path) -> list[tuple[int, str]]:
    """Lines of a UTF-8 file (``-``: standard input) with their numbers; empty ones are passed over."""
    if str(file) == "-":
        text = sys.stdin.read()
    else:
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{file.name} cannot be read as UTF-8 text.",
                f"{file.name} 파일을 UTF-8로 읽을 수 없습니다.",
                fix_en="Name an existing file with one JSON object per line.",
                fix_ko="한 줄에 JSON 하나인 파일을 지정하세요.",
            ) from error
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def read_switches(given: list[str], where: str) -> dict[str, str]:
    """``NAME=CHOICE`` options as a mapping; UsageError names the odd one and ``where`` the choices stand."""
    switches = {}
    for one in given:
        name, found, value = one.partition("=")
        if not found:
            raise UsageError(
                f"--switch {one} is not NAME=CHOICE.",
                f"--switch {one}: 이름=값으로 쓰세요.",
                fix_en=f"See {where}.",
                fix_ko=f"{where}을 확인하세요.",
            )
        switches[name] = value
    return switches


def malformed(error: MalformedError) -> dict[str, Any]:
    """The answer to a line that does not follow the vocabulary."""
    return {"status": "malformed", "field": error.field, "reason_ko": error.ko, "reason_en": error.en}


def tell_line(number: int, answer: dict[str, Any]) -> str:
    """A bad line for standard error: Korean, then English."""
    return (
        f"{number}행 {answer['field']}: {answer['reason_ko']}. "
        f"Line {number}, {answer['field']}: {answer['reason_en']}."
    )
