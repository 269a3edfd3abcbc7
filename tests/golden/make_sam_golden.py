"""Writes the golden SAM records beside this file: ``python tests/golden/make_sam_golden.py``.

On purpose it shares nothing with the codec: it reads the layout tables with ``csv``, pads with Python strings and
encodes with Python's ``cp949``. Each file holds the cases of one table, one line per field: place, value, bytes in hex
(``b0a1*3`` stands for b0a1b0a1b0a1) and why the value is awkward. The files are checked in; look at them, not at this.
"""

from __future__ import annotations

import csv
import json
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
LAYOUTS = HERE.parent.parent / "cheonggu" / "schemes" / "hira" / "layouts"
OUT = HERE / "sam"

# The printed examples of the documents: 720 won, quantity 1.6, dose 12.56; the others follow them.
DECIMALS = {
    (12, 2): (72000, "720.00 won"),
    (10, 2): (72000, "720.00 won"),
    (7, 2): (160, "quantity 1.60"),
    (9, 4): (125600, "dose 12.5600"),
    (6, 2): (2150, "21.50"),
    (4, 2): (150, "1.50"),
    (8, 7): (9876543, "index 0.9876543"),
}
SYLLABLES = "가힣뷁똠쌰Ａ"  # 뷁 똠 쌰 lie outside KS X 1001, the second byte of 똠 is an ASCII letter, Ａ is full-width


def main() -> None:
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.txt"):
        old.unlink()
    with (LAYOUTS / "records.csv").open(encoding="utf-8") as stream:
        tables = {row["layout"]: row for row in csv.DictReader(stream)}
    for name, row in tables.items():
        write(name.removesuffix(".csv"), fields_of(name), row["name_ko"], "")
    versions = tomllib.loads((LAYOUTS / "versions.toml").read_text(encoding="utf-8"))
    for variant in versions["variant"]:
        name = variant["table"] + ".csv"
        fields = earlier(fields_of(name), variant)
        assert fields[-1]["end"] == variant["bytes"], variant
        write(variant["table"], fields, tables[name]["name_ko"], variant["until"])


def fields_of(name: str) -> list[dict]:
    with (LAYOUTS / name).open(encoding="utf-8") as stream:
        fields = [dict(row) for row in csv.DictReader(stream)]
    for field in fields:
        field |= {key: int(field[key] or 0) for key in ("start", "length", "scale")}
        field["end"] = field["start"] + field["length"] - 1
    return fields


def earlier(fields: list[dict], variant: dict) -> list[dict]:
    """The layout of an earlier version: fields left out or narrower, the rest moved up."""
    kept, start = [], 1
    for field in fields:
        if field["name_en"] in variant.get("drop", []):
            continue
        length = variant.get("resize", {}).get(field["name_en"], field["length"])
        kept.append({**field, "start": start, "length": length, "end": start + length - 1})
        start += length
    return kept


def write(table: str, fields: list[dict], name_ko: str, until: str) -> None:
    name = f"{table}@{until}" if until else table
    lines = [
        f"# {table} {name_ko}{f', versions up to {until}' if until else ''}: {fields[-1]['end']} bytes + CR LF"
    ]
    for case in ("full", "empty", "edge"):
        lines += ["", f"[{case}] {TITLES[case]}"]
        for field in fields:
            value, reason = value_of(field, case)
            place = f"{field['start']}-{field['end']}"
            text = (
                json.dumps(value, ensure_ascii=False)
                if value is None or isinstance(value, int)
                else short(value)
            )
            lines.append("\t".join([field["name_en"], place, text, squeeze(wire(field, value)), reason]))
    (OUT / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


TITLES = {
    "full": "every field filled to its last byte",
    "empty": "zero, nothing, and as little as a required field may hold",
    "edge": "one byte short of full, implied decimals as printed",
}


def value_of(field: dict, case: str) -> tuple[str | int | None, str]:
    """A value for the case and why it is there."""
    codes = (
        [part.partition(":")[0] for part in field["codes"].split("|")] if field["codes"][:1] != "@" else []
    )
    if field["required"] == "B":
        return (
            (None, "leave blank: spaces, although a number") if field["type"] == "n" else ("", "leave blank")
        )
    if field["type"] == "n":
        return number(field, case)
    if codes and codes[0]:
        return code(field, case, codes)
    if field["repeat"] == "8 marks":
        return {"full": "*#!0*#!0", "empty": "", "edge": "*000000"}[case], "tooth marks"
    if field["name_en"].endswith("_date") and field["length"] == 8 and case == "edge":
        return "20260731", "a day"
    if field["name_en"] == "statement_no":
        last = "A0000" if field["kind"] == "medical_dental" else "99999"
        return {"full": last, "empty": "00001", "edge": "00099"}[case], "statement number"
    return text(field, case)


def number(field: dict, case: str) -> tuple[int | None, str]:
    largest = 10 ** field["length"] - 1
    may_be_blank = field["required"] == "C" and field["name_en"].endswith("_no")
    if case == "full":
        if "negative" in field["rule"]:
            return -(10 ** (field["length"] - 1) - 1), "the most negative number: the sign takes one byte"
        return largest, "the largest number"
    if case == "empty":
        return (None, "no number to refer to: spaces") if may_be_blank else (0, "zero is all zeros")
    if field["scale"]:
        return DECIMALS[field["length"], field["scale"]]
    if "negative" in field["rule"]:
        return -295, "removed ingredient: spaces, the sign directly before the digits"
    return 1234567890123 % 10 ** max(1, field["length"] - 1), "filled with zeros on the left"


def code(field: dict, case: str, codes: list[str]) -> tuple[str, str]:
    if field["repeat"] == "31 x 1":
        return {"full": "1" * 31, "empty": "", "edge": "10" * 15}[case], "a mark per day"
    if case == "empty" and field["required"] != "Y":
        return "", "no code: spaces"
    return codes[-1 if case == "full" else 0], "a code of the table"


def text(field: dict, case: str) -> tuple[str, str]:
    length = field["length"]
    if case == "empty":
        return (
            ("A", "one letter, spaces behind it") if field["required"] == "Y" else ("", "empty: all spaces")
        )
    if length == 1:
        return "9", "one byte"
    if case == "full":
        front = "A" if length % 2 else ""
        return front + syllables((length - len(front)) // 2), "Hangul ends on the last byte"
    if length % 2:
        return syllables(length // 2), "Hangul ends one byte before the last"
    return syllables(length // 2 - 1) + "z", "a letter before the last byte, which stays a space"


def syllables(count: int) -> str:
    """Few different ones where there is much room, so that the file stays readable."""
    if count > 12:
        return SYLLABLES[0] * (count - 6) + SYLLABLES
    return (SYLLABLES * 3)[:count][::-1]


def wire(field: dict, value: str | int | None) -> bytes:
    length = field["length"]
    if value is None:
        return b" " * length
    if isinstance(value, int):
        return (str(value).rjust(length) if value < 0 else str(value).zfill(length)).encode("ascii")
    encoded = value.encode("cp949")
    assert len(encoded) <= length, (field, value)
    return encoded + b" " * (length - len(encoded))


def short(value: str) -> str:
    """A JSON string, with a long run of its first character written as ``"가"*344 + …``."""
    run = len(value) - len(value.lstrip(value[:1])) if value else 0
    if run < 12:
        return json.dumps(value, ensure_ascii=False)
    rest = value[run:]
    return f"{json.dumps(value[0], ensure_ascii=False)}*{run} + {json.dumps(rest, ensure_ascii=False)}"


def squeeze(data: bytes) -> str:
    """Hex in groups of one Hangul or one ASCII byte; four and more equal groups in a row are counted."""
    groups, place = [], 0
    while place < len(data):
        size = 1 if data[place] < 0x80 else 2
        groups.append(data[place : place + size].hex())
        place += size
    parts: list[str] = []
    place = 0
    while place < len(groups):
        run = 1
        while place + run < len(groups) and groups[place + run] == groups[place]:
            run += 1
        parts += [f"{groups[place]}*{run}"] if run > 3 else [groups[place]] * run
        place += run
    return " ".join(parts)


if __name__ == "__main__":
    main()
