"""The direction of imports: prefect.yaml → flows → tasks → schemas → cheonggu, and none the other way."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {
    "cheonggu": {"prefect", "pandera", "flows", "tasks", "schemas"},
    "schemas": {"prefect", "flows", "tasks"},
    "tasks": {"flows"},
}
# The middle of the core, which must not know where data comes from, goes to or is remembered.
INNER = ["states", "findings", "dated", "codes", "layouts", "formats"]
OUTER = {"cheonggu.ledger", "cheonggu.gateways", "cheonggu.sources", "cheonggu.schemes"}
SHARED_ROOMS = [
    "flows",
    "tasks",
    "schemas",
    *(f"cheonggu/{one}" for one in ("formats", "ledger", "precheck", "reruns", "sources")),
    *(f"cheonggu/{path.name}" for path in sorted((ROOT / "cheonggu").glob("*.py"))),
]
# Dear to import and seldom needed; every command of the shell would wait for them.
SELDOM = {"PIL", "alembic", "holidays", "pypdf", "xlsxwriter"}
SCHEME_NAMES = re.compile(r"\b(hira|school_safety)\b")


def modules_in(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def imported_by(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_nothing_from_the_rooms_above_it(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules_in(ROOT / room)
        for name in imported_by(path)
        if name.split(".")[0] in FORBIDDEN[room]
    ]
    assert wrong == []


@pytest.mark.parametrize("inner", INNER)
def test_the_middle_of_the_core_knows_no_ledger_gateway_source_or_scheme(inner: str) -> None:
    place = ROOT / "cheonggu" / inner
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules_in(place if place.is_dir() else place.with_suffix(".py"))
        for name in imported_by(path)
        if any(name == one or name.startswith(one + ".") for one in OUTER)
    ]
    assert wrong == []


def test_what_is_seldom_needed_is_not_imported_with_the_core() -> None:
    migrations = ROOT / "cheonggu" / "ledger" / "migrations"  # Alembic itself runs these
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules_in(ROOT / "cheonggu")
        if not path.is_relative_to(migrations)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
        )
        if name.split(".")[0] in SELDOM
    ]
    assert wrong == []


@pytest.mark.parametrize("room", SHARED_ROOMS)
def test_no_scheme_is_named_in_a_shared_room(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules_in(ROOT / room)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if SCHEME_NAMES.search(line)
    ]
    assert wrong == []
