"""The cases a case worker can read: ``tests/cases/school/*.toml`` as claims, and what must come out."""

from __future__ import annotations

import json
import shlex
import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cheonggu.schemes.school_safety.assessment_input import schema

FOLDER = Path(__file__).parents[2] / "cases" / "school"
NEEDED = {"name", "rule", "source", "lines", "expect"}
FURTHER = {"region", "settings", "on", "claim", "receipt", "history"}
EXPECTED = {
    "lines", "payable", "outcome", "time_limit", "missing", "held", "review", "rules", "without", "claimed",
    "discretionary",
}  # fmt: skip
TODAY = date(2026, 11, 22)
CLASSES = {
    "급여": "covered_copay", "전액": "covered_full", "공단": "insurer_share", "비급여": "noncovered",
}  # fmt: skip
BASE: dict[str, Any] = {
    "accident_key": "Temp1-2018-0066575",
    "accident_on": "2026-03-03",
    "accident_status": "ACCEPTED",
    "channel": "online",
    "is_auto_compensated": False,
    "other_compensation_won": 0,
    "documents": ["RECEIPT", "ITEMISED", "BANKBOOK", "DIAGNOSIS", "RESIDENT_REG"],
}
RECEIPT: dict[str, Any] = {"receipt_key": "R1", "paid_won": 50_000_000, "paid_on": "2026-03-10"}
LINE = schema()["properties"]["items"]["items"]["properties"]


@dataclass(frozen=True)
class Case:
    file: str
    name: str
    rule: str
    source: str
    claim: dict[str, Any]
    expect: dict[str, Any]
    region: str = "gwangju"
    settings: dict[str, Any] = field(default_factory=dict)
    on: date = TODAY

    @property
    def text(self) -> str:
        """The claim as a line of the file that ``school assess`` reads."""
        return json.dumps(self.claim, ensure_ascii=False)


def load_cases() -> list[Case]:
    """Every case of every file; unknown keys, twin names and empty sources are refused."""
    cases: list[Case] = []
    for path in sorted(FOLDER.glob("*.toml")):
        for raw in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            where = f"{path.name}: {raw.get('name')}"
            assert set(raw) >= NEEDED, where
            assert set(raw) <= NEEDED | FURTHER, where
            assert raw["source"], where
            assert set(raw["expect"]) <= EXPECTED, where
            further = {name: raw[name] for name in ("region", "settings", "on") if name in raw}
            cases.append(
                Case(
                    path.stem,
                    raw["name"],
                    raw["rule"],
                    raw["source"],
                    read_claim(raw),
                    raw["expect"],
                    **further,
                )
            )
    names = [one.name for one in cases]
    assert len(set(names)) == len(names), "two cases share a name"
    return cases


def read_claim(raw: dict[str, Any]) -> dict[str, Any]:
    """The claim of a case: the base, what differs, its lines and what earlier claims were paid."""
    receipts = [RECEIPT | raw.get("receipt", {})]
    claim = BASE | {"receipts": receipts} | raw.get("claim", {})
    lines = raw["lines"]
    claim["items"] = [read_line(text) for text in lines]
    claim["history"] = [read_history(text) for text in raw.get("history", [])]
    return plain(claim)


def read_line(text: str) -> dict[str, Any]:
    """``class won [CATEGORY] [key=value …]``; ``scar=WxL`` and ``scar=area:A`` may stand often."""
    kind, won, *rest = shlex.split(text)
    line: dict[str, Any] = {"nhi_class": CLASSES[kind], "amount_won": int(won.replace(",", ""))}
    for word in rest:
        name, is_pair, value = word.partition("=")
        if not is_pair:
            line["line_cat"] = word
        elif name == "scar":
            line.setdefault("scars", []).append(read_scar(value))
        elif name == "documents":
            line["documents"] = value.split(",")
        else:
            line[name] = read_value(name, value)
    return line


def read_history(text: str) -> dict[str, Any]:
    """``CATEGORY won [key=value …]``: what an earlier claim was paid."""
    category, won, *rest = shlex.split(text)
    row: dict[str, Any] = {
        "line_cat": category,
        "paid_won": int(won.replace(",", "")),
        "nhi_class": "noncovered",
    }
    for word in rest:
        name, _, value = word.partition("=")
        row[name] = read_value(name, value)
    return row


def read_scar(value: str) -> dict[str, Any]:
    kind, is_area, area = value.partition(":")
    if is_area:
        return {"scar_type": kind} | ({"area_cm2": float(area)} if area else {})
    width, _, length = value.partition("x")
    return {"width_cm": float(width), "length_cm": float(length)}


def read_value(name: str, value: str) -> Any:
    kind = LINE.get(name, {"type": "string"})["type"]
    if name == "paid_won" or kind == "integer":
        return int(value.replace(",", ""))
    return value == "yes" if kind == "boolean" else value


def plain(value: Any) -> Any:
    """Days of TOML as text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value
