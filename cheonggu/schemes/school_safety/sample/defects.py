"""Planted defects (심어 둔 오류): one claim each, with the rule that must set it aside, and nothing else wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from cheonggu.schemes.school_safety.sample.region import Region, Row


def _accident_is_waiting(region: Region, claim: Row) -> None:
    region.one("accident", "accident_no", claim["accident_no"])["status"] = "SENT"


def _sent_by_fax(region: Region, claim: Row) -> None:
    claim["channel"] = "fax"


def _bankbook_is_missing(region: Region, claim: Row) -> None:
    rows = region.rows["attachment"]
    rows[:] = [
        row
        for row in rows
        if (row["statement_key"], row["document_code"]) != (claim["statement_key"], "BANKBOOK")
    ]


def _paper_is_cut_off(region: Region, claim: Row) -> None:
    path = region.of_claim("attachment", claim["statement_key"])[0]["file_path"]
    region.files[path] = region.files[path][:60]


def _paper_was_exchanged(region: Region, claim: Row) -> None:
    region.of_claim("attachment", claim["statement_key"])[0]["sha256"] = "0" * 64


def _sum_is_wrong(region: Region, claim: Row) -> None:
    claim["claimed_won"] += 1_000


def _name_is_unknown(region: Region, claim: Row) -> None:
    item = region.of_claim("item", claim["statement_key"])[0]
    item.update(name="표본에만 있는 품목", nhi_class="noncovered", line_cat="")


def _accident_is_old(region: Region, claim: Row) -> None:
    """Both ends of the three years are over: accident and payment lie more than three years back."""
    accident = region.one("accident", "accident_no", claim["accident_no"])
    shift = timedelta(days=4 * 365)
    for row, names in (
        (accident, ("accident_on", "approved_on", "notified_on")),
        (claim, ("treated_from", "treated_to")),
    ):
        for name in names:
            row[name] -= shift
    for receipt in region.of_claim("receipt", claim["statement_key"]):
        for name in ("treated_from", "treated_to", "paid_on"):
            receipt[name] -= shift
    for item in region.of_claim("item", claim["statement_key"]):
        item["treated_on"] -= shift


def _car_insurance_has_paid(region: Region, claim: Row) -> None:
    accident = region.one("accident", "accident_no", claim["accident_no"])
    accident.update(vehicle="motor_vehicle", accident_kind="traffic", activity_kind="commute")
    claim["is_auto_compensated"] = "Y"


def _belongs_to_violence_route(region: Region, claim: Row) -> None:
    claim["case_kind"] = "violence"


def _pupil_is_unknown(region: Region, claim: Row) -> None:
    claim["pupil_key"] = "P-gone"


def _treatment_lies_ahead(region: Region, claim: Row) -> None:
    claim["treated_to"] = claim["registered_on"] + timedelta(days=30)


def _receipt_is_nowhere(region: Region, claim: Row) -> None:
    region.of_claim("item", claim["statement_key"])[0]["receipt_key"] = "R-gone"


# Rule → what is done to one claim. The rules: shape_rules.toml (SRC) and rules/judgement.toml (SCH).
DEFECTS: tuple[tuple[str, Callable[[Region, Row], None]], ...] = (
    ("SCH-010", _accident_is_waiting),
    ("SCH-011", _sent_by_fax),
    ("SCH-030", _bankbook_is_missing),
    ("SCH-051", _paper_is_cut_off),
    ("SCH-052", _paper_was_exchanged),
    ("SRC-015", _sum_is_wrong),
    ("SCH-040", _name_is_unknown),
    ("SCH-022", _accident_is_old),
    ("SCH-021", _car_insurance_has_paid),
    ("SCH-020", _belongs_to_violence_route),
    ("SRC-014", _pupil_is_unknown),
    ("SRC-019", _treatment_lies_ahead),
    ("SRC-017", _receipt_is_nowhere),
)


def plant_defects(region: Region) -> list[tuple[str, str]]:
    """Plant each defect once, in claims that are alone on their accident; gives (statement_key, rule_id)."""
    claims = [row for row in region.rows["benefit_claim"] if row["statement_key"] not in region.unsigned]
    counts: dict[str, int] = {}
    for row in region.rows["benefit_claim"]:
        counts[row["accident_no"]] = counts.get(row["accident_no"], 0) + 1
    alone = [row for row in claims if counts[row["accident_no"]] == 1]
    step = max(len(alone) // len(DEFECTS), 1)
    planted = []
    for (rule_id, spoil), claim in zip(DEFECTS, alone[::step], strict=False):
        spoil(region, claim)
        planted.append((claim["statement_key"], rule_id))
    return planted
