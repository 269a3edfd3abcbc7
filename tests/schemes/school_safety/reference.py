"""The caps and counts once more, line by line and slowly, written from the guide and not from the rule files.

Covers teeth, scars, spectacles, family care, covered lines and the claim's sum, for the default settings of Gwangju.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

CAPS = {"DENT_CROWN": 500_000, "DENT_CORE": 150_000, "DENT_POST": 150_000, "DENT_RESIN": 150_000}
CAPS |= {"DENT_IMPLANT": 2_000_000, "DENT_FIXATION": 500_000}
TIMES = {
    "DENT_CROWN": 2,
    "DENT_CORE": 1,
    "DENT_POST": 1,
    "DENT_RESIN": 1,
    "DENT_IMPLANT": 1,
    "DENT_FIXATION": 1,
}
CORES = ("DENT_CORE", "DENT_POST", "DENT_RESIN")


def decide(claim: dict[str, Any]) -> tuple[dict[str, tuple[str, int]], int]:
    """Per item key the decision and its amount (hold, review: what it could bring), and the proposed sum."""
    past = [one for one in claim.get("history", []) if one["paid_won"] > 0]
    found: dict[str, tuple[str, int]] = {}
    counted: dict[tuple[Any, ...], list[tuple[dict[str, Any], int, int]]] = {}
    for item in claim["items"]:
        category, amount = item.get("line_cat"), item["amount_won"]
        if item["nhi_class"] != "noncovered":
            found[item["item_key"]] = ("pay", amount)
        elif category in CAPS:
            blocked = _tooth_conflict(item, claim, past)
            if blocked:
                found[item["item_key"]] = blocked
            else:
                cap = min(amount, CAPS[category])
                counted.setdefault((category, item["tooth"]), []).append((item, cap, TIMES[category]))
        elif category in ("SCAR_SURGERY", "SCAR_LASER"):
            burn = item["scar_cause"] == "burn"
            if burn and not (item["is_function_impaired"] or item["is_disfiguring"]):
                found[item["item_key"]] = ("review", min(amount, _scar_cap(item)))
            else:
                counted.setdefault((category,), []).append(
                    (item, min(amount, _scar_cap(item)), 2 if burn else 1)
                )
        elif category == "GLASSES":
            counted.setdefault((category,), []).append((item, amount, 1))
        else:
            found[item["item_key"]] = ("pay", min(amount, 20_000 * item["care_days"]))
    for key, lines in counted.items():
        before = sum(1 for one in past if (one["line_cat"], one.get("tooth"))[: len(key)] == key)
        found |= _count(lines, before)
    return found, _sum(claim, found)


def _tooth_conflict(
    item: dict[str, Any], claim: dict[str, Any], past: list[dict[str, Any]]
) -> tuple[str, int] | None:
    here = [one for one in claim["items"] if one["nhi_class"] == "noncovered" and one["amount_won"] > 0]
    mates = {one["line_cat"] for one in [*past, *here] if one.get("tooth") == item["tooth"]}
    earlier = {one["line_cat"] for one in past if one.get("tooth") == item["tooth"]}
    if item["line_cat"] == "DENT_IMPLANT":
        if "DENT_CROWN" in mates:
            return "deny", 0
        if mates & set(CORES):
            return "review", min(item["amount_won"], CAPS["DENT_IMPLANT"])
    if item["line_cat"] == "DENT_CROWN" and "DENT_IMPLANT" in earlier:
        return "review", min(item["amount_won"], CAPS["DENT_CROWN"])
    return None


def _scar_cap(item: dict[str, Any]) -> int:
    cap, whole = Fraction(0), Fraction(0)
    for scar in item["scars"]:
        width, length = Fraction(str(scar["width_cm"])), Fraction(str(scar["length_cm"]))
        cap += 100_000 * length if width < 1 else 200_000 * width * length
        whole += width * length
    if item["line_cat"] == "SCAR_SURGERY":
        return floor(cap)
    return 153_540 if whole < 25 else 255_900 if whole < 100 else 358_260


def _count(lines: list[tuple[dict[str, Any], int, int]], before: int) -> dict[str, tuple[str, int]]:
    """Papers there first, then what has no opinion for more, then the larger amount, then the key."""

    def rank(line: tuple[dict[str, Any], int, int]) -> tuple[Any, ...]:
        item, amount, _ = line
        papers = item.get("documents", [])
        lacks = item["line_cat"] == "DENT_IMPLANT" and "OPINION_IMPLANT" not in papers
        return (
            lacks,
            "OPINION_SCAR_EXTRA" in papers and item["line_cat"].startswith("SCAR"),
            -amount,
            item["item_key"],
        )

    found = {}
    for number, (item, amount, most) in enumerate(sorted(lines, key=rank), start=before + 1):
        lacks, has_more, *_ = rank((item, amount, most))
        if number > most and not has_more:
            found[item["item_key"]] = ("deny", 0)
        else:
            found[item["item_key"]] = ("hold" if lacks else "pay", amount)
    return found


def _sum(claim: dict[str, Any], found: dict[str, tuple[str, int]]) -> int:
    """The deductions of the sum, one after the other."""
    raw = kept = over = 0
    for receipt in claim["receipts"]:
        on_it = [one for one in claim["items"] if one["receipt_key"] == receipt["receipt_key"]]
        pays = {
            one["item_key"]: found[one["item_key"]][1] for one in on_it if found[one["item_key"]][0] == "pay"
        }
        family = sum(pays.get(one["item_key"], 0) for one in on_it if one.get("line_cat") == "CARE_FAMILY")
        total = sum(pays.values()) - family
        copay = sum(pays.get(one["item_key"], 0) for one in on_it if one["nhi_class"] == "covered_copay")
        off = min(receipt.get("over_cap_won", 0), copay)
        raw, over = raw + total + family, over + off
        kept += min(total - off, receipt["paid_won"]) + family
    rest = max(0, min(raw - over - claim.get("preexisting_won", 0), kept))
    return int(max(0, rest - claim["other_compensation_won"]))
