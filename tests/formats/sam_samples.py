"""Small claims of every kind for the codec's tests: invented values that fill every field of every record."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa

from cheonggu.codes import CodeLists
from cheonggu.layouts import Field, Layout, LayoutCatalogue

HIRA = Path(__file__).parent.parent.parent / "cheonggu" / "schemes" / "hira"
CATALOGUE = LayoutCatalogue.from_folder(HIRA / "layouts")
CODES = CodeLists(HIRA / "codes")
CLAIM_NO = "2026070001"
TREATMENT_FORMS = {
    "herbal_decoction": "F",
    "korean_medicine": "9",
    "auto_korean": "9",
    "new_drg": "P",
    "medical_aid_flat": "3",
    "pharmacy": "6",
    "medical_dental": "2",
    "auto": "2",
}
FORM_NUMBERS = {"pharmacy": "H024", "health_center": "H050"}  # the lists of these kinds stand in no layout
SYLLABLES = "가힣뷁똠쌰각나다"


def claim(kind: str, statements: int = 4, seed: int = 1, month: str = "202607") -> dict[str, pa.Table]:
    """Record letter → table of one claim; versions are left to the writer."""
    chance = random.Random(f"{kind}-{seed}")
    numbers = [f"{number:05d}" for number in range(1, statements + 1)]
    tables = {}
    for layout in CATALOGUE.records(kind):
        if layout.record in ("H", "H2"):
            owners = [""] * (1 if layout.record == "H" else 2)
        elif layout.record == "A":
            owners = numbers
        else:
            least = {numbers[0]: 1} if layout.record != "B" else dict.fromkeys(numbers, 1)
            owners = [one for one in numbers for _ in range(chance.randrange(least.get(one, 0), 4))]
        tables[layout.record] = pa.table(
            {
                one.name: pa.array(
                    [value(one, layout, owner, month, chance) for owner in owners],
                    pa.int64() if one.is_number else pa.string(),
                )
                for one in layout.fields
            }
        )
    return tables


def value(field: Field, layout: Layout, owner: str, month: str, chance: random.Random) -> str | int | None:
    fixed = {
        "claim_no": CLAIM_NO,
        "statement_no": owner,
        "treatment_month": month,
        "insurer_code": "13",
        "treatment_form": TREATMENT_FORMS.get(layout.kind, "1"),
        "claim_form_version": None,
        "statement_form_version": None,
    }
    if field.name in fixed:
        return fixed[field.name]
    if field.name == "form_no" and not field.code_values:
        return FORM_NUMBERS[layout.kind]
    if field.is_number:
        if field.is_blank_without_value:
            return None if field.required == "B" else chance.choice([None, 1, 10**field.length - 1])
        return chance.choice([0, 10**field.length - 1, chance.randrange(10**field.length)])
    if field.required == "B":
        return ""
    if field.code_values:
        size = 31 if field.repeat == "31 x 1" else 1
        return "".join(chance.choice(list(field.code_values)) for _ in range(size))
    return text(field, chance)


def text(field: Field, chance: random.Random) -> str:
    room = chance.randrange(min(field.length, 40) + 1)
    if room < 4:
        return "x" * room or ("y" if field.required == "Y" else "")
    return "".join(chance.choice(SYLLABLES) for _ in range(room // 2))


def parts(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """A claim without its header: one chunk for the writer."""
    return {record: table for record, table in tables.items() if record != "H"}
