"""The message that asks a claimant to sign (청구인 서명요청): a dated template, every placeholder filled, or an error.

The text holds names: it belongs to the notification gateway only, never into a log, a finding or an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from string import Formatter
from typing import Any

from cheonggu.errors import InputError
from cheonggu.schemes.school_safety.assessment_rules import Profile
from cheonggu.schemes.school_safety.data import RULES, read_entries

TEMPLATES = RULES / "signature_request.toml"
MESSAGE_ID = "claim_sign"


@dataclass(frozen=True)
class Message:
    """Title and text as they are sent."""

    title: str
    text: str


def render_signature_request(
    facts: Mapping[str, str | None], profile: Profile, on: date, school_level: str | None = None
) -> Message:
    """The request for one claim: ``facts`` school_name, victim_name, case_kind (accident | violence).

    Association, portal and phone (by ``school_level``) come from the region's profile unless ``facts`` names them.
    InputError names the placeholder that is empty, or the case kind that is unknown.
    """
    template = _template(on)
    known: dict[str, str | None] = {
        "title": template["title_ko"],
        "portal_url": profile.portal_url,
        "association_name": profile.association_ko,
        "association_phone": profile.phones.get(school_level or ""),
    }
    known |= {name: value for name, value in facts.items() if value is not None}
    known["case_kind"] = template["case_kinds"].get(facts.get("case_kind") or "")
    text: str = template["text"].strip()
    for name in placeholders(text):
        value = known.get(name)
        if value is None or not value.strip():
            raise InputError(
                f"The signature request lacks {name}.",
                f"서명요청 알림의 {name} 값이 없습니다.",
                fix_en="Fill it in; the message is not sent before.",
                fix_ko="값을 채우세요. 그 전에는 보내지 않습니다.",
            )
    return Message(template["title_ko"], text.format(**known))


def placeholders(text: str) -> list[str]:
    """Names of the placeholders of a template, in order of first use."""
    return list(dict.fromkeys(name for _, name, _, _ in Formatter().parse(text) if name))


def _template(on: date) -> dict[str, Any]:
    """The message text in force on a day; InputError before the first."""
    held = [
        one
        for one in read_entries(TEMPLATES, "message", {"title_ko", "text", "case_kinds", "valid_from"})
        if one["id"] == MESSAGE_ID and one["valid_from"] <= on and on <= one.get("valid_to", date.max)
    ]
    if not held:
        raise InputError(
            f"There is no signature request text for {on.isoformat()}.",
            f"{on.isoformat()}에 쓸 서명요청 문구가 없습니다.",
            fix_en="Add it with its source to rules/signature_request.toml.",
            fix_ko="근거와 함께 rules/signature_request.toml에 추가하세요.",
        )
    return held[-1]
