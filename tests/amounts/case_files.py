"""The cases a billing clerk can read: ``tests/cases/amounts/*.toml`` as facts, lines and expected amounts."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "cases" / "amounts"
KEYS = {"name", "source", "facts", "lines", "expect"}


@dataclass(frozen=True)
class Case:
    file: str
    name: str
    source: str
    facts: dict[str, Any]
    lines: list[dict[str, Any]]
    expect: dict[str, Any]


def load_cases() -> list[Case]:
    """Every case of every file; unknown keys, twin names and empty sources are refused."""
    cases: list[Case] = []
    for path in sorted(FOLDER.glob("*.toml")):
        for raw in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            assert set(raw) == KEYS, f"{path.name}: {raw.get('name')}"
            assert raw["source"], f"{path.name}: {raw['name']}"
            lines = [read_line(text) for text in raw["lines"]]
            cases.append(Case(path.stem, raw["name"], raw["source"], raw["facts"], lines, raw["expect"]))
    names = [one.name for one in cases]
    assert len(set(names)) == len(names), "two cases share a name"
    return cases


def read_line(text: str) -> dict[str, Any]:
    """``section[-item] won [part]``; ``+`` marks a line with the provider-type addition."""
    section, won, *marks = text.split()
    hang, _, mok = section.partition("-")
    line: dict[str, Any] = {"hang": hang, "mok": mok, "amount_won": int(won.replace(",", "")), "base": ""}
    line |= {"long_stay": "", "is_type_added": "+" in marks}
    for mark in marks:
        if mark != "+":
            line["base"], _, line["long_stay"] = mark.partition("_LONG")
    return line
