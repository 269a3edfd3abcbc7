"""What a site says of amounts (``[amounts]`` of site.toml): which side wins, switches of the rules, own line marks.

[amounts]
default = "hospital"            # hospital | computed | block
marks = "line-marks.csv"        # own rows, columns as rules/copay/line_marks.csv
[amounts.settings]              # switches of rules/copay/settings.toml
tier_base = "total1"
[amounts.providers."12345678"]
policy = "computed"
veterans_site = "entrusted"     # veterans_hospital | entrusted
is_dispensing_exempt_area = true
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cheonggu.errors import UsageError
from cheonggu.schemes.hira.amounts_facts import SITES
from cheonggu.schemes.hira.amounts_marks import MARKS_FILE, Mark, load_marks
from cheonggu.schemes.hira.amounts_rules import load_rules
from cheonggu.site import HOME

HOSPITAL, COMPUTED, BLOCK = "hospital", "computed", "block"
POLICIES = (HOSPITAL, COMPUTED, BLOCK)
PROVIDER_KEYS = {"policy", "veterans_site", "is_dispensing_exempt_area"}


@dataclass(frozen=True)
class AmountsPolicy:
    """The settings of one provider: which side wins, its own facts, the switches and marks of the site."""

    wins: str
    provider: Mapping[str, Any]
    switches: Mapping[str, str]
    marks: tuple[Mark, ...]


def read_policy(settings: Mapping[str, Any], provider_code: str) -> AmountsPolicy:
    """The policy of one provider from the tables of site.toml; UsageError names what is odd."""
    raw = settings.get("amounts", {})
    _refuse_unknown("amounts", raw, {"default", "marks", "settings", "providers"})
    providers = raw.get("providers", {})
    for code, one in providers.items():
        _refuse_unknown(f"amounts.providers.{code}", one, PROVIDER_KEYS)
        _choose(f"amounts.providers.{code}", "policy", one.get("policy", HOSPITAL), POLICIES)
        _choose(f"amounts.providers.{code}", "veterans_site", one.get("veterans_site", ""), SITES)
    wins = _choose("amounts", "default", raw.get("default", HOSPITAL), POLICIES)
    mine = providers.get(provider_code, {})
    switches = {name: str(value) for name, value in raw.get("settings", {}).items()}
    load_rules(switches)
    own = (Path(settings.get(HOME, ".")) / raw["marks"],) if "marks" in raw else ()
    return AmountsPolicy(mine.get("policy", wins), mine, switches, load_marks((MARKS_FILE, *own)))


def _choose(table: str, key: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        named = ", ".join(one for one in choices if one)
        raise UsageError(
            f"Site file, [{table}] {key}: {value!r} is not one of {named}.",
            f"설정 파일 [{table}] {key}: {value!r}은(는) 쓸 수 없습니다. 쓸 수 있는 값: {named}.",
        )
    return value


def _refuse_unknown(table: str, raw: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(raw) - known)
    if unknown:
        raise UsageError(
            f"Site file, [{table}]: unknown {', '.join(unknown)}.",
            f"설정 파일 [{table}]: 모르는 항목 {', '.join(unknown)}.",
            fix_en=f"Known: {', '.join(sorted(known))}.",
            fix_ko=f"쓸 수 있는 항목: {', '.join(sorted(known))}.",
        )
