"""What the processes of a run share is made by one of them, and never left half made."""

from __future__ import annotations

import multiprocessing
from functools import partial
from pathlib import Path

import pytest

from tests.shared import make_once


def note(count: Path, place: Path) -> None:
    with count.open("a", encoding="ascii") as stream:
        stream.write("made\n")
    (place / "thing").touch()


def ask(shared: Path, count: Path) -> None:
    make_once(shared, "one", partial(note, count))


def test_many_processes_make_it_once(tmp_path: Path) -> None:
    forked = multiprocessing.get_context("fork")
    asking = [forked.Process(target=ask, args=(tmp_path, tmp_path / "count")) for _ in range(4)]
    for one in asking:
        one.start()
    for one in asking:
        one.join(60)
        assert one.exitcode == 0
    assert (tmp_path / "count").read_text(encoding="ascii") == "made\n"
    assert (tmp_path / "one" / "thing").exists()


def test_what_failed_half_way_is_made_anew(tmp_path: Path) -> None:
    def fail(place: Path) -> None:
        (place / "half").touch()
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - the very one above
        make_once(tmp_path, "one", fail)
    place = make_once(tmp_path, "one", partial(note, tmp_path / "count"))
    assert [path.name for path in place.iterdir()] == ["thing"]
