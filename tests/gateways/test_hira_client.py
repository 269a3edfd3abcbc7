"""The folders of HIRA's client: placing may be repeated after a crash at any step and never overwrites anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from cheonggu.errors import NoticeError, SiteError, StateError
from cheonggu.gateways import Place
from cheonggu.gateways.hira_client import HiraClient

TOKEN = "11100011-2026060001"
NAMES = ["2026060001.GHP", "MEDLOG.ENC"]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "sam"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_bytes(name.encode() * 100)
    return sorted(folder.iterdir())


@pytest.fixture
def client(tmp_path: Path) -> HiraClient:
    return HiraClient(str(tmp_path / "client"))


def put(client: HiraClient, part: str, name: str, data: bytes = b"x") -> None:
    path = Path(client.root) / part / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def names(client: HiraClient, part: str) -> list[str]:
    return sorted(path.name for path in (Path(client.root) / part).iterdir())


def test_a_free_folder_takes_the_whole_set(client: HiraClient, files: list[Path]) -> None:
    assert client.look(TOKEN, NAMES) is Place.FREE
    client.place(TOKEN, files)
    assert names(client, "in") == NAMES
    assert client.look(TOKEN, NAMES) is Place.WAITING


def test_placing_twice_places_once(client: HiraClient, files: list[Path]) -> None:
    client.place(TOKEN, files)
    for path in (Path(client.root) / "in").iterdir():
        path.unlink()  # the client took the set away and has not answered yet
    client.place(TOKEN, files)
    assert names(client, "in") == []
    assert client.look(TOKEN, NAMES) is Place.WAITING


def test_foreign_files_are_never_joined(client: HiraClient, files: list[Path]) -> None:
    put(client, "in", "H010")
    assert client.look(TOKEN, NAMES) is Place.FOREIGN
    with pytest.raises(StateError, match="not empty"):
        client.place(TOKEN, files)
    assert names(client, "in") == ["H010"]


def test_an_unfinished_copy_is_started_again(client: HiraClient, files: list[Path]) -> None:
    put(client, f"staging/{TOKEN}.new", NAMES[0], b"half")
    assert client.look(TOKEN, NAMES) is Place.FREE
    client.place(TOKEN, files)
    assert (Path(client.root) / "in" / NAMES[0]).read_bytes() == files[0].read_bytes()


def test_a_set_half_moved_in_is_finished_because_the_marker_is_still_ours(
    client: HiraClient, files: list[Path]
) -> None:
    put(client, "in", NAMES[0], files[0].read_bytes())
    put(client, f"staging/{TOKEN}", NAMES[1], files[1].read_bytes())
    assert client.look(TOKEN, NAMES) is Place.STAGED
    client.place(TOKEN, files)
    assert names(client, "in") == NAMES


def test_the_marker_goes_in_last(
    client: HiraClient, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[str] = []
    real = client.fs.mv

    def spy(source: str, target: str, **options: object) -> None:
        moved.append(target.rsplit("/", 1)[-1])
        real(source, target, **options)

    monkeypatch.setattr(client.fs, "mv", spy)
    client.place(TOKEN, files)
    assert moved == [TOKEN, *NAMES]


@pytest.mark.parametrize("status", [0, 1, -1])
def test_the_answer_is_read_and_stays_until_acknowledged(
    client: HiraClient, files: list[Path], status: int
) -> None:
    client.place(TOKEN, files)
    for path in (Path(client.root) / "in").iterdir():
        path.unlink()
    put(client, "in", "ExamResult.txt", f"DMD00000001\r\n{status}\r\n".encode("cp949"))
    for _ in range(2):
        answer = client.examined()
        assert answer is not None
        assert (answer.document_id, answer.status) == ("DMD00000001", status)
    assert client.look(TOKEN, NAMES) is Place.ANSWERED
    client.acknowledge()
    assert client.examined() is None


@pytest.mark.parametrize("text", ["", "DMD00000001\r\n", "DMD00000001\r\n7\r\n", "0\r\nDMD\r\n"])
def test_an_unreadable_answer_is_an_error(client: HiraClient, text: str) -> None:
    put(client, "in", "ExamResult.txt", text.encode())
    with pytest.raises(NoticeError, match="document id"):
        client.examined()


def test_documents_are_listed_in_order_and_moved_out_of_the_way(client: HiraClient) -> None:
    for name in ("b.xml", "a.xml", ".part.xml"):
        put(client, "out", name, name.encode())
    assert client.incoming() == ["a.xml", "b.xml"]
    assert client.fetch("a.xml") == b"a.xml"
    client.set_aside("a.xml", accepted=True)
    client.set_aside("b.xml", accepted=False)
    assert client.incoming() == []
    assert names(client, "out/imported") == ["a.xml"]
    assert names(client, "out/refused") == ["b.xml"]


def test_a_copy_that_differs_stops_before_anything_is_handed_over(
    client: HiraClient, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.fs, "cat_file", lambda path: b"damaged")
    with pytest.raises(SiteError, match="differs"):
        client.place(TOKEN, files)
    assert names(client, "in") == []


def test_a_folder_that_cannot_be_made_is_a_site_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SiteError, match="Check the mount"):
        HiraClient(str(tmp_path / "file"))


def test_an_answer_before_our_set_was_there_is_somebody_elses(client: HiraClient, files: list[Path]) -> None:
    put(client, "in", "ExamResult.txt", b"DMD00000001\r\n0\r\n")
    assert client.look(TOKEN, NAMES) is Place.FOREIGN
    put(client, f"staging/{TOKEN}", NAMES[1], files[1].read_bytes())
    assert client.look(TOKEN, NAMES) is Place.FOREIGN


def test_a_half_moved_set_is_not_joined_by_foreign_files(client: HiraClient, files: list[Path]) -> None:
    put(client, f"staging/{TOKEN}", NAMES[1], files[1].read_bytes())
    put(client, "in", "H010")
    assert client.look(TOKEN, NAMES) is Place.FOREIGN
    with pytest.raises(StateError, match="not empty"):
        client.place(TOKEN, files)
