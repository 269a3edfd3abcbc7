"""SAM → frames → XML → frames → SAM is the identity, for every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from cheonggu.formats.claim_set import read_set, write_set
from cheonggu.formats.claim_xml import read_claim_xml, write_claim_xml
from tests.formats.sam_samples import CATALOGUE, claim, parts


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_the_xml_of_a_claim_gives_its_files_back_byte_for_byte(kind: str, tmp_path: Path) -> None:
    tables = claim(kind, statements=12)
    first = write_set(tmp_path / "first", CATALOGUE, kind, tables["H"], [parts(tables)], title="identity")
    assert first.findings.to_pylist() == []
    read = read_set(sorted((tmp_path / "first").iterdir()), CATALOGUE)
    write_claim_xml(tmp_path / "claim.xml", kind, CATALOGUE, read.tables["H"], [parts(read.tables)])
    again_kind, again = read_claim_xml(tmp_path / "claim.xml", CATALOGUE)
    assert again_kind == kind
    second = write_set(tmp_path / "second", CATALOGUE, kind, again["H"], [parts(again)], title="identity")
    assert second.findings.to_pylist() == []
    assert files_of(tmp_path / "second") == files_of(tmp_path / "first")
