"""Writes ``docs/finding-codes.md`` from the rule catalogue and from the texts of the shape checks:

``python -m cheonggu.precheck.docs docs/finding-codes.md schemas/shape_rules.toml``. The second file is read as data;
its checks live in a room this one does not know.

A data-health test compares the file with what this writes, so the page cannot fall behind the rules.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from cheonggu.precheck.catalogue import PREEMPT_LISTS, load_catalogue
from cheonggu.precheck.model import Catalogue, Rule
from cheonggu.schemes import SCHEMES

HEAD = """# 점검 규칙 · Finding codes

Written by `python -m cheonggu.precheck.docs docs/finding-codes.md schemas/shape_rules.toml`; edit the rules, not this
page.
How to change or add a rule: [changing-a-rule.md](changing-a-rule.md).

- `error` (오류) takes the statement out of the claim, or holds the claim; `warning` (경고) shows and lets it pass.
- 막는 사유: the return (R, 반송) and review-impossible (I, 심사불능) codes of HIRA that the rule prevents.
- 필요한 표: optional tables. While one is absent the rule reports "not checked" instead of passing.
- 확신: `official` notice text · `secondary` practice material · `unverified` not confirmed · `ours`.
"""


def write_page(catalogue: Catalogue, shapes: Path) -> str:
    """The whole page as Markdown; ``shapes``: the texts of the SRC checks."""
    parts = [HEAD, _count(catalogue.rules)]
    for file, rules in groupby(catalogue.rules, key=lambda one: one.file):
        parts.append(_section(file, list(rules)))
    parts += [_shapes(shapes), _reverse(catalogue)]
    return "\n".join(parts)


def _count(rules: Iterable[Rule]) -> str:
    all_rules = list(rules)
    free = sum(not one.requires for one in all_rules)
    errors = sum(one.level == "error" for one in all_rules)
    return (
        f"{len(all_rules)} rules: {errors} errors, {len(all_rules) - errors} warnings; "
        f"{free} are decided from the claim alone.\n"
    )


def _section(file: str, rules: list[Rule]) -> str:
    rows = [
        f"| {one.id} | {one.level} | {one.message_ko}<br>{one.message_en} | {one.fix_ko}<br>{one.fix_en} "
        f"| {' '.join(one.preempts)} | {' '.join(one.requires)} | {one.confidence}{_days(one)} |"
        for one in rules
    ]
    head = [
        f"## {file.removesuffix('.toml')}",
        "",
        "| 규칙 | 등급 | 내용 | 조치 | 막는 사유 | 필요한 표 | 확신 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    notes = [f"- {one.id}: {one.note}" for one in rules if one.note]
    return "\n".join([*head, *rows, "", *notes, ""])


def _shapes(path: Path) -> str:
    """The checks of the source tables, which run before anything is assembled."""
    texts = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = [
        f"| {check_id} | {one['message_ko']}<br>{one['message_en']} | {one['fix_ko']}<br>{one['fix_en']} |"
        for check_id, one in texts.items()
    ]
    head = [
        "## source tables (원천자료 검증)",
        "",
        "Found while validating what the hospital's views gave; each sets its statement aside.",
        "",
        "| 규칙 | 내용 | 조치 |",
        "| --- | --- | --- |",
    ]
    return "\n".join([*head, *rows, ""])


def _days(rule: Rule) -> str:
    if not (rule.first or rule.last):
        return ""
    return f"<br>{rule.first or ''} ~ {rule.last or ''}"


def _reverse(catalogue: Catalogue) -> str:
    """Which rules prevent each code of HIRA."""
    lines = ["## 사유별 규칙 · Rules by code of HIRA", "", "| 사유 | 내용 | 규칙 |", "| --- | --- | --- |"]
    by_code: dict[str, list[str]] = {}
    for rule in catalogue.rules:
        for code in rule.preempts:
            by_code.setdefault(code, []).append(rule.id)
    for sort, name in PREEMPT_LISTS.items():
        labels = {one.key: one.name_ko for one in catalogue.codes.rows(name)}
        for code in sorted(one for one in by_code if one.startswith(f"{sort}:")):
            key = code[2:]
            label = labels.get(key) or labels[key.removesuffix("-00")]
            lines.append(f"| {code} | {label.replace('|', '·')} | {' '.join(by_code[code])} |")
    return "\n".join([*lines, ""])


def main(path: Path, shapes: Path) -> None:
    """Write the page of the only scheme that has a catalogue."""
    scheme = next(one for one in SCHEMES.values() if one.checks.rule_folders)
    path.write_text(write_page(load_catalogue(scheme.checks.rule_folders), shapes), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
