"""The catalogue, the named cases and small scheme folders for the pre-check tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cheonggu.precheck.cases import Base, load_bases
from cheonggu.precheck.catalogue import Catalogue, load_catalogue
from cheonggu.schemes import SCHEMES

HIRA = SCHEMES["hira"]
HOME = HIRA.checks.rule_folders[0].parents[1]
CASES = Path(__file__).parents[1] / "cases" / "hira"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(HIRA.checks.rule_folders)


@pytest.fixture(scope="session")
def bases() -> dict[str, Base]:
    return load_bases(CASES)


@pytest.fixture
def bare_scheme(tmp_path: Path) -> Callable[..., Path]:
    """A rule folder with the scheme's tables, words, codes and layouts but only the rules a test writes."""

    def build(**files: str) -> Path:
        scheme = tmp_path / f"scheme{len(list(tmp_path.iterdir()))}"
        folder = scheme / "rules" / "precheck"
        folder.mkdir(parents=True)
        for name in ("codes", "layouts"):
            (scheme / name).symlink_to(HOME / name)
        (folder.parent / "values").symlink_to(HOME / "rules" / "values")
        (folder.parent / "formats.csv").symlink_to(HOME / "rules" / "formats.csv")
        for name in ("tables.csv", "prepared.sql"):
            (folder / name).write_bytes((HIRA.checks.rule_folders[0] / name).read_bytes())
        for name, text in files.items():
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        return folder

    return build
