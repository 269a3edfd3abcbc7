"""Reads the golden SAM records: one case is the values of a record and its bytes, as ``make_sam_golden`` laid out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "sam"


@dataclass
class Case:
    """``values``: field → value; ``data``: the record's bytes without line end; ``places``: field → "start-end"."""

    name: str
    values: dict[str, str | int | None] = field(default_factory=dict)
    data: bytes = b""
    places: dict[str, str] = field(default_factory=dict)


def names() -> list[str]:
    """``table`` or ``table@until`` of every golden file."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def read_cases(name: str) -> list[Case]:
    cases: list[Case] = []
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            cases.append(Case(line[1 : line.index("]")]))
        elif "\t" in line:
            one, place, value, spelled, _ = line.split("\t")
            cases[-1].values[one] = _value(value)
            cases[-1].places[one] = place
            cases[-1].data += _bytes(spelled)
    return cases


def _value(text: str) -> str | int | None:
    run = re.fullmatch(r'(".*?")\*(\d+) \+ (".*")', text)
    if run:
        return json.loads(run[1]) * int(run[2]) + json.loads(run[3])
    return json.loads(text)


def _bytes(spelled: str) -> bytes:
    pieces = (part.partition("*") for part in spelled.split())
    return b"".join(bytes.fromhex(group) * int(times or 1) for group, _, times in pieces)
