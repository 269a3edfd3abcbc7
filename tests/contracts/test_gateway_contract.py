"""What every gateway promises (``gateways/base.py``), with a counterpart for each that takes a set and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cheonggu.errors import NoticeError, StateError
from cheonggu.gateways import GATEWAYS, Gateway, Place
from cheonggu.gateways.hira_client import HiraClient
from cheonggu.gateways.school_portal import SchoolPortal

DOCUMENT = "DOC00000001"


@dataclass(frozen=True)
class Kind:
    """One gateway: names a set needs, where its counterpart looks, how it takes a set, and its answer file."""

    gateway: type[HiraClient] | type[SchoolPortal]
    names: tuple[str, ...]
    inside: str
    result: str
    take: Callable[[Path], None]

    def answer(self, folder: Path, status: str) -> None:
        (folder / self.inside / self.result).write_bytes(f"{DOCUMENT}\r\n{status}\r\n".encode())


def take_files(inside: Path) -> None:
    """HIRA's client moves the files of the set away."""
    for path in inside.iterdir():
        path.unlink()


def take_nothing(inside: Path) -> None:
    """The portal's operator leaves the package where it is."""
    assert list(inside.iterdir())


KINDS = [
    Kind(HiraClient, ("1.GHP", "2.GHP", "MEDLOG.ENC"), "in", "ExamResult.txt", take_files),
    Kind(SchoolPortal, ("claim.xml", "claim.html", "files.csv"), "upload", "UploadResult.txt", take_nothing),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.gateway.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
def gateway(kind: Kind, tmp_path: Path) -> Gateway:
    return kind.gateway(str(tmp_path / "peer"))


@pytest.fixture
def files(kind: Kind, tmp_path: Path) -> list[Path]:
    folder = tmp_path / "set"
    folder.mkdir()
    for name in kind.names:
        (folder / name).write_text(f"content of {name}", encoding="ascii")
    return sorted(folder.iterdir())


def names_of(files: list[Path]) -> list[str]:
    return [path.name for path in files]


def test_every_gateway_is_tested_here() -> None:
    assert {one.gateway.name for one in KINDS} == set(GATEWAYS)


def test_an_empty_folder_is_free_and_looking_changes_nothing(gateway: Gateway, files: list[Path]) -> None:
    assert gateway.look("T-1", names_of(files)) is Place.FREE
    assert gateway.look("T-1", names_of(files)) is Place.FREE
    assert gateway.examined() is None
    assert gateway.left_over("T-1", names_of(files)) == []


def test_a_placed_set_waits_complete_and_placing_again_changes_nothing(
    kind: Kind, gateway: Gateway, files: list[Path], tmp_path: Path
) -> None:
    gateway.place("T-1", files)
    placed = {
        path.name: path.read_bytes()
        for path in (tmp_path / "peer" / kind.inside).rglob("*")
        if path.is_file()
    }
    assert placed == {path.name: path.read_bytes() for path in files}
    gateway.place("T-1", files)
    assert gateway.look("T-1", names_of(files)) is Place.WAITING
    assert gateway.left_over("T-1", names_of(files)) == sorted(names_of(files))


def test_a_second_set_is_refused_while_the_first_lies_there(gateway: Gateway, files: list[Path]) -> None:
    gateway.place("T-1", files)
    assert gateway.look("T-2", names_of(files)) is Place.FOREIGN
    with pytest.raises(StateError):
        gateway.place("T-2", files)


def test_an_interrupted_copy_is_made_again(
    kind: Kind, gateway: Gateway, files: list[Path], tmp_path: Path
) -> None:
    half = tmp_path / "peer" / "staging" / "T-1.new"
    half.mkdir(parents=True)
    (half / files[0].name).write_text("half", encoding="ascii")
    assert gateway.look("T-1", names_of(files)) is Place.FREE
    gateway.place("T-1", files)
    assert gateway.look("T-1", names_of(files)) is Place.WAITING


def test_a_staged_set_goes_on_to_its_place(
    kind: Kind, gateway: Gateway, files: list[Path], tmp_path: Path
) -> None:
    gateway._stage("T-1", files)  # type: ignore[attr-defined]  # a crash right behind the renaming
    assert gateway.look("T-1", names_of(files)) is Place.STAGED
    gateway.place("T-1", files)
    assert gateway.look("T-1", names_of(files)) is Place.WAITING


def test_the_answer_stays_until_it_is_acknowledged_and_the_folder_is_free_again(
    kind: Kind, gateway: Gateway, files: list[Path], tmp_path: Path
) -> None:
    gateway.place("T-1", files)
    kind.take(tmp_path / "peer" / kind.inside)
    kind.answer(tmp_path / "peer", "0")
    for _ in range(2):
        answer = gateway.examined()
        assert answer is not None
        assert (answer.document_id, answer.status) == (DOCUMENT, 0)
    assert gateway.look("T-1", names_of(files)) is Place.ANSWERED
    gateway.acknowledge()
    gateway.acknowledge()
    assert gateway.examined() is None
    assert gateway.look("T-2", names_of(files)) is Place.FREE
    assert gateway.look("T-1", names_of(files)) is not Place.FREE


def test_an_answer_without_a_status_is_refused(
    kind: Kind, gateway: Gateway, files: list[Path], tmp_path: Path
) -> None:
    gateway.place("T-1", files)
    kind.answer(tmp_path / "peer", "maybe")
    with pytest.raises(NoticeError):
        gateway.examined()


def test_documents_come_in_by_name_and_are_put_aside_once(gateway: Gateway, tmp_path: Path) -> None:
    out = tmp_path / "peer" / "out"
    for name in ("b.xml", "a.xml", ".hidden"):
        (out / name).write_bytes(name.encode())
    assert gateway.incoming() == ["a.xml", "b.xml"]
    assert gateway.fetch("a.xml") == b"a.xml"
    gateway.set_aside("a.xml", accepted=True)
    gateway.set_aside("a.xml", accepted=True)
    gateway.set_aside("b.xml", accepted=False)
    assert gateway.incoming() == []
    assert (out / "imported" / "a.xml").exists()
    assert (out / "refused" / "b.xml").exists()
