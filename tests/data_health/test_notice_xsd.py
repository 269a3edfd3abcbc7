"""``notice.xsd`` and ``vocabulary.csv`` say the same: every path, cardinality, listed value, both ways."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from lxml import etree

import cheonggu

HIRA = Path(cheonggu.__file__).parent / "schemes" / "hira"
XS = "{http://www.w3.org/2001/XMLSchema}"
# Paths of the XSD that the vocabulary gives in words ("as above", "@line-no; children previous and settled …").
SAID_IN_WORDS = (
    r"/notice/[\w-]+/claim-ref/@(receipt-year|receipt-no|bundle-no|bill-serial|claim-no|payer-class)",
    r"/notice/settlement/claim-ref/@review-round",
    r"/notice/settlement/statement/(previous|settled)/@(total-1|copay|disability|partial|amount)",
    r"/notice/settlement/statement/line/(@line-no|(previous|settled)(/@(code|reason|amount))?)",
    r"/notice/[\w-]+/statement/prescription(/@prescription-no|/@pharmacy-code|/finding)?",
    r"/notice/[\w-]+/statement/prescription/finding/@(class|code|detail|line-no|section|recovery)",
    r"/notice/[\w-]+/statement/prescription/finding/@amount(-with-surcharge)?",
    r"/notice/[\w-]+/statement/prescription/finding/accepted(/@(code|unit-price|dose|daily|days))?",
    r"/notice/prescription-adjustment/statement/@(statement-no|provider-recovery|patient-refund|payer-recovery)",
    r"/notice/payment/gross/@(claimed|decided|paid|statements)",
)


def vocabulary() -> dict[str, dict[str, str]]:
    with (HIRA / "notices" / "vocabulary.csv").open(encoding="utf-8", newline="") as stream:
        return {row["path"]: row for row in csv.DictReader(stream)}


class Schema:
    """The XSD flattened to path → (use or occurs, enumerated values)."""

    def __init__(self) -> None:
        self.root = etree.parse(str(HIRA / "xml" / "notice.xsd")).getroot()
        self.types = {
            one.get("name"): one for one in self.root if one.get("name") and one.tag != f"{XS}element"
        }
        self.paths: dict[str, tuple[str, frozenset[str]]] = {}
        self._element(self.root.find(f"{XS}element"), "")

    def _element(self, element: etree._Element, above: str) -> None:
        path = f"{above}/{element.get('name')}"
        least, most = element.get("minOccurs", "1"), element.get("maxOccurs", "1")
        self.paths[path] = (f"{least}..{most.replace('unbounded', 'n')}", frozenset())
        self._children(element, path)
        if element.get("type") in self.types:
            self._children(self.types[element.get("type")], path)

    def _children(self, node: etree._Element, path: str) -> None:
        for one in node:
            if one.tag == f"{XS}element":
                self._element(one, path)
            elif one.tag == f"{XS}attribute":
                values = frozenset(value.get("value") for value in one.iter(f"{XS}enumeration"))
                self.paths[f"{path}/@{one.get('name')}"] = (
                    "1" if one.get("use") == "required" else "0..1",
                    values,
                )
            else:
                base = one.get("base")
                if base in self.types and one.tag == f"{XS}extension":
                    self._children(self.types[base], path)
                self._children(one, path)


SCHEMA = Schema()
VOCABULARY = vocabulary()


def covered(path: str) -> bool:
    return path in VOCABULARY or any(re.fullmatch(pattern, path) for pattern in SAID_IN_WORDS)


def test_every_path_of_the_vocabulary_is_known_to_the_schema() -> None:
    assert set(VOCABULARY) - set(SCHEMA.paths) == set()


def test_every_path_of_the_schema_stands_in_the_vocabulary_or_is_said_there_by_reference() -> None:
    assert [path for path in SCHEMA.paths if not covered(path)] == []
    unused = [one for one in SAID_IN_WORDS if not any(re.fullmatch(one, path) for path in SCHEMA.paths)]
    assert unused == []


@pytest.mark.parametrize("path", [path for path, row in VOCABULARY.items() if row["node"] == "attribute"])
def test_required_attributes_and_listed_values_agree(path: str) -> None:
    row, (use, values) = VOCABULARY[path], SCHEMA.paths[path]
    assert use == row["cardinality"]
    listed = [one.strip() for one in row["meaning"].split(";")[0].split("|")]
    if row["type"] == "enum" and len(listed) > 1:
        assert values == frozenset(listed)


@pytest.mark.parametrize("path", [path for path, row in VOCABULARY.items() if row["node"] == "element"])
def test_elements_occur_as_often_as_the_vocabulary_says(path: str) -> None:
    said = VOCABULARY[path]["cardinality"]
    first = re.split("[ ;]", said)[0]
    assert SCHEMA.paths[path][0] == {"1": "1..1"}.get(first, first)


def test_nothing_personal_has_a_place() -> None:
    words = ("name", "rrn", "resident", "card", "birth")
    found = [path for path in SCHEMA.paths if any(word in path.rsplit("/", 1)[1] for word in words)]
    assert found == ["/notice/settlement/@business-name"]
