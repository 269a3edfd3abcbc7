"""The committed schemas of the claim XML are what the layout tables say, and every value has a Korean name."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from lxml import etree

import cheonggu
from cheonggu.codes import CodeLists
from cheonggu.formats.claim_xml_labels import NEVER_SHOWN, meanings, value_labels
from cheonggu.formats.claim_xml_model import TEXT_CONTENT, claim_shape, scheme_folder
from cheonggu.formats.claim_xsd import main, schema_files, stale_files
from cheonggu.layouts import LayoutCatalogue

SCHEMES = Path(cheonggu.__file__).parent / "schemes"
FILES = schema_files()
KINDS = [path.stem.removeprefix("claim_") for path in FILES]
# The sources establish only the first form number of these kinds, without a Korean name.
WITHOUT_NAMES = {("pharmacy", "form_no"), ("health_center", "form_no")}
# Marks of 31 days, printed as they are.
MARKS = {"visit_day_map"}


def _catalogue(kind: str) -> LayoutCatalogue:
    return LayoutCatalogue.from_folder(scheme_folder(kind) / "layouts")


def test_the_committed_schemas_are_fresh() -> None:
    assert stale_files() == [], "run `python -m cheonggu.formats.claim_xsd` and commit"
    assert main(["--check"]) == 0


def test_a_stale_missing_or_orphaned_schema_is_noticed(tmp_path: Path) -> None:
    scheme = tmp_path / "some"
    (scheme / "xml").mkdir(parents=True)
    (scheme / "layouts").symlink_to(SCHEMES / "hira" / "layouts")
    for path, text in schema_files(tmp_path).items():
        path.write_text(text, encoding="utf-8")
    assert stale_files(tmp_path) == []

    (scheme / "xml" / "claim_auto.xsd").write_text("<old/>", encoding="utf-8")
    (scheme / "xml" / "claim_drg.xsd").unlink()
    (scheme / "xml" / "claim_barber.xsd").write_text("<x/>", encoding="utf-8")
    assert [path.name for path in stale_files(tmp_path)] == [
        "claim_auto.xsd",
        "claim_barber.xsd",
        "claim_drg.xsd",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_schema_compiles(path: Path) -> None:
    etree.XMLSchema(file=str(path))


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_of_a_kind_is_one_attribute_of_its_schema(kind: str) -> None:
    path = scheme_folder(kind) / "xml" / f"claim_{kind}.xsd"
    root = etree.parse(str(path)).getroot()
    for one in claim_shape(_catalogue(kind), kind).all:
        own = root.find(f"{{*}}complexType[@name='{one.element}']")
        assert own is not None
        attributes = [item.get("name") for item in own.iter("{*}attribute")]
        text = [TEXT_CONTENT] if one.text else []
        assert sorted([*one.keys, *attributes, *text]) == sorted(one.layout.names)


@pytest.mark.parametrize("kind", KINDS)
def test_each_value_a_layout_lists_has_a_korean_meaning(kind: str) -> None:
    folder = scheme_folder(kind)
    lists, texts = CodeLists(folder / "codes"), value_labels(folder / "xml" / "value_labels.csv")
    missing = [
        (one.record, field.name, value)
        for one in claim_shape(_catalogue(kind), kind).all
        for field in one.layout.fields
        if field.name not in NEVER_SHOWN | MARKS and (kind, field.name) not in WITHOUT_NAMES
        for value in field.code_values
        if value not in meanings(field, one, lists, texts, None)
    ]
    assert missing == []


@pytest.mark.parametrize("path", sorted(SCHEMES.glob("*/xml/value_labels.csv")), ids=str)
def test_value_labels_name_values_that_the_layouts_list(path: Path) -> None:
    catalogue = LayoutCatalogue.from_folder(path.parents[1] / "layouts")
    listed = {
        (layout.kind, field.name, value)
        for layout in catalogue
        for field in layout.fields
        for value in field.code_values
    }
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        kinds = row["kind"].split(";") if row["kind"] else catalogue.kinds
        assert any((kind, row["field"], row["value"]) in listed for kind in kinds), row
        assert row["name_ko"]
        assert row["confidence"] in ("official", "secondary", "ours")
    assert len(value_labels(path)) == sum(len(row["kind"].split(";")) for row in rows)
