"""Claims drawn at random inside the vocabulary, crowded so that counts, caps and teeth meet."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.schemes.school_safety.case_files import BASE

TEETH = ["DENT_CROWN", "DENT_CORE", "DENT_POST", "DENT_RESIN", "DENT_IMPLANT", "DENT_FIXATION"]
SCARS = ["SCAR_SURGERY", "SCAR_LASER"]


def draw_claim(rng: Random, number: int, accident: str) -> dict[str, Any]:
    """One claim of one or two receipts and up to eight lines; keys unique within the accident."""
    receipts = []
    for place in range(rng.randint(1, 2)):
        receipt = {
            "receipt_key": f"R{number}.{place}",
            "paid_won": rng.choice([0, 90_000, 700_000, 9_000_000]),
        }
        receipt["over_cap_won"] = rng.choice([0, 0, 30_000])
        receipt["paid_on"] = "2026-03-10"
        receipts.append(receipt)
    items = []
    for place in range(rng.randint(1, 8)):
        item = draw_item(rng)
        item["item_key"] = f"{number}-{place}"
        item["receipt_key"] = rng.choice(receipts)["receipt_key"]
        items.append(item)
    claim = BASE | {"accident_key": accident, "receipts": receipts, "items": items, "history": []}
    claim["claim_key"] = f"{accident}-{number}"
    claim["preexisting_won"] = rng.choice([0, 0, 50_000])
    claim["other_compensation_won"] = rng.choice([0, 0, 80_000])
    claim["submitted_on"] = f"2026-04-{number + 1:02}"
    return claim


def draw_item(rng: Random) -> dict[str, Any]:
    kind = rng.choice(["covered", "tooth", "tooth", "tooth", "scar", "scar", "glasses", "family"])
    item: dict[str, Any] = {
        "nhi_class": "noncovered",
        "amount_won": rng.choice([1, 150_000, 500_001, 2_300_000]),
    }
    if kind == "covered":
        item["nhi_class"] = rng.choice(["covered_copay", "covered_full"])
    elif kind == "tooth":
        item |= {
            "line_cat": rng.choice(TEETH),
            "tooth": rng.choice(["11", "12"]),
            "device_purpose": "traction",
        }
        item["documents"] = rng.choice([[], ["OPINION_IMPLANT"]])
    elif kind == "scar":
        item |= {"line_cat": rng.choice(SCARS), "scar_cause": rng.choice(["burn", "other"])}
        item |= {"is_function_impaired": rng.random() < 0.5, "is_disfiguring": rng.random() < 0.5}
        sizes = [0.5, 0.99, 1, 2.35, 10]
        item["scars"] = [
            {"width_cm": rng.choice(sizes), "length_cm": rng.choice(sizes)} for _ in range(rng.randint(1, 3))
        ]
        item["documents"] = rng.choice([[], [], ["OPINION_SCAR_EXTRA"]])
    elif kind == "glasses":
        item |= {"line_cat": "GLASSES", "is_worn_before": False, "is_needed_by_accident": True}
    else:
        item |= {"line_cat": "CARE_FAMILY", "care_days": rng.randint(1, 40)}
        item["documents"] = ["ADMISSION_RECORD", "OPINION_CARE"]
    return item


def history_of(claim: dict[str, Any], answer: dict[str, Any]) -> list[dict[str, Any]]:
    """What a later claim knows of this one once it was decided as proposed."""
    rows = []
    for item, decided in zip(claim["items"], answer["items"], strict=True):
        row = {
            name: item[name] for name in ("nhi_class", "receipt_key", "tooth", "amount_won") if name in item
        }
        row |= {"line_cat": item.get("line_cat", "OTHER"), "paid_won": decided["payable_won"]}
        rows.append(row)
    return rows
