"""Ways of filing a claim (접수 방법): on line, registered mail and visit; all others are refused with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cheonggu.errors import UsageError
from cheonggu.schemes.school_safety.assessment_rules import Profile
from cheonggu.schemes.school_safety.data import RULES, holds_on, read_csv

CHANNELS = RULES / "channels.csv"


@dataclass(frozen=True)
class ChannelAnswer:
    """Whether a claim may be filed this way on that day, and the reason when not."""

    channel: str
    is_allowed: bool
    reason_ko: str
    reason_en: str


def check_channel(channel: str, profile: Profile, on: date) -> ChannelAnswer:
    """Whether ``channel`` files a claim on ``on``; UsageError for a channel that is not in the table."""
    for row in read_csv(CHANNELS):
        if row["channel"] == channel and holds_on(row, CHANNELS, channel, on):
            name, _, choice = row["setting"].partition("=")
            is_allowed = row["is_allowed"] == "Y" or bool(name and profile[name] == choice)
            reasons = ("", "") if is_allowed else (row["reason_ko"], row["reason_en"])
            return ChannelAnswer(channel, is_allowed, *reasons)
    known = ", ".join(sorted({row["channel"] for row in read_csv(CHANNELS)}))
    raise UsageError(
        f"There is no channel {channel!r} on {on.isoformat()}.",
        f"{on.isoformat()}에 {channel!r} 접수 방법은 없습니다.",
        fix_en=f"Known: {known}.",
        fix_ko=f"쓸 수 있는 값: {known}.",
    )


def refused_channels(profile: Profile, on: date) -> list[str]:
    """The channels of the table that file nothing on ``on``."""
    rows = [one for one in read_csv(CHANNELS) if holds_on(one, CHANNELS, one["channel"], on)]
    return [row["channel"] for row in rows if not check_channel(row["channel"], profile, on).is_allowed]
