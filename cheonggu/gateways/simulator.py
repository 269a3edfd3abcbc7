"""The simulated counterpart: HIRA's claim client on a folder, its operator and HIRA behind it.

A program of its own on the folders of the real client. ``in`` holds one SAM set (``MEDLOG.ENC`` last); it is read
with an independent reader, moved away, and answered with ``ExamResult.txt``. The operator's certificate login
sends it, at once or on command. Notices appear in ``out``. It knows nothing of the ledger, the codec or the
notice parser, keeps its own books under ``simulator``, and may be killed at any instruction: the next start goes
on from the books and the folders.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cheonggu.errors import SiteError, StateError
from cheonggu.gateways.simulator_answers import Answers
from cheonggu.gateways.simulator_books import Books, status
from cheonggu.gateways.simulator_exam import Examination, examine
from cheonggu.gateways.simulator_money import file_request
from cheonggu.gateways.simulator_post import Post
from cheonggu.gateways.simulator_reception import Reception
from cheonggu.gateways.simulator_sam import MARKER, RESULT, SamTables
from cheonggu.gateways.simulator_script import Chance, Script, read_script

SEOUL = ZoneInfo("Asia/Seoul")
POLL_SECONDS = 0.1
DAY_SECONDS = 1.0  # how long HIRA's day lasts in a watch on a given day
STOP = "stop"


class HiraSimulator:
    """One client folder. Script and seed are kept in the books, so that later commands need not repeat them.

    ``today`` None means the real day in Seoul, asked anew at every step.
    """

    def __init__(
        self,
        folder: Path,
        *,
        script: str | None = None,
        seed: int | None = None,
        today: date | None = None,
        auto_login: bool = True,
    ) -> None:
        self.folder, self.home, self._today = folder, folder / "simulator", today
        self.auto_login = auto_login
        with _site_errors(folder):
            (folder / "in").mkdir(parents=True, exist_ok=True)
            self.books = Books(self.home)
            self.script, self.chance = self._settle(script, seed)
        self.tables = SamTables()

    def __enter__(self) -> HiraSimulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.books.close()

    @property
    def today(self) -> date:
        return self._today or datetime.now(SEOUL).date()

    def _settle(self, script: str | None, seed: int | None) -> tuple[Script, Chance]:
        """Keep what is given, take the kept for what is not; a script is checked before it is kept."""
        checked = read_script(script if script is not None else self.books.setting("script") or "")
        with self.books.changing():
            if script is not None:
                self.books.keep_setting("script", script)
            if seed is not None or self.books.setting("seed") is None:
                self.books.keep_setting("seed", str(seed or 0))
        return checked, Chance(int(self.books.setting("seed") or 0))

    # -- the steps -------------------------------------------------------------------------------------------

    def step(self) -> int:
        """Everything that is to do now; gives how many things were done."""
        done = self.examine()
        if self.auto_login:
            done += self.send()
        return done + self.answer()

    def watch(
        self, *, seconds: float | None = None, idle_seconds: float | None = None, poll: float = POLL_SECONDS
    ) -> int:
        """Steps in a loop until ``simulator/stop`` appears, the time is over or nothing happened for a while.

        On a given ``today`` the client's day stands still, but HIRA's days pass: after a second without work the
        next planned answers come, dated on the day they were planned for.
        """
        begun = last = time.monotonic()
        total = 0
        while True:
            done = self.step()
            now = time.monotonic()
            if not done and self._today is not None and now - last >= DAY_SECONDS:
                done = self._answer_next_day()
            total += done
            last = now if done else last
            if (self.home / STOP).exists():
                (self.home / STOP).unlink(missing_ok=True)
                return total
            if seconds is not None and now - begun >= seconds:
                return total
            if idle_seconds is not None and now - last >= idle_seconds:
                return total
            time.sleep(poll)

    def examine(self) -> int:
        """Answer the set in the input folder, or finish what a crash interrupted; gives 1 when one was answered."""
        unanswered = "SELECT * FROM document WHERE state != 'answered'"
        marker = self.folder / "in" / MARKER
        if not marker.exists() and self.books.one(unanswered) is None:
            return 0
        with _site_errors(self.folder), self.books.alone():
            document = self.books.one(unanswered)
            if document is None:
                if not marker.exists():
                    return 0
                document = self._register()
            if document["state"] == "arriving":
                self._move_in(document)
                self._examine(document["document_id"])
            self._report(document["document_id"])
            return 1

    def send(self, document_id: str | None = None) -> int:
        """The operator's login: send all that waits in the outbox, or one document; gives how many."""
        if document_id is None:
            waiting = self.books.rows("SELECT * FROM document WHERE outbox = 'waiting' ORDER BY rowid")
            waiting = [row for row in waiting if "unsent" not in self._traits(row)]
        else:
            waiting = [self._waiting(document_id)]
        with _site_errors(self.folder):
            for row in waiting:
                Reception(self.books, self.script, self.chance, self.today).receive(row)
        return len(waiting)

    def delete(self, document_id: str) -> None:
        """The operator deletes an unsent document from the outbox."""
        with self.books.changing():
            row = self._waiting(document_id)
            self.books.change(
                "UPDATE document SET outbox = 'deleted' WHERE document_id = ?", row["document_id"]
            )

    def answer(self, kind: str | None = None) -> int:
        """Write and deliver what is due, or all planned answers of one kind; gives how many were delivered."""
        return self._answer(kind, self.today)

    def _answer_next_day(self) -> int:
        """What is due on the next day for which anything is planned."""
        day = self.books.value("SELECT min(due_on) FROM plan WHERE done_on IS NULL")
        return self._answer(None, date.fromisoformat(day)) if day else 0

    def _answer(self, kind: str | None, day: date) -> int:
        planned = "SELECT 1 FROM plan WHERE done_on IS NULL UNION SELECT 1 FROM notice WHERE is_delivered = 0"
        if self.books.one(planned) is None:
            return 0
        with _site_errors(self.folder), self.books.alone():
            post = Post(self.books, self.home / "notices", self.folder / "out", day)
            Answers(self.books, post, self.script, self.chance, day).answer(kind)
            return post.deliver()

    def file_objection(self, provider_code: str, claim_no: str, statement_no: str, kind: str) -> None:
        """The provider files a request at the portal (재심사조정청구, 이의신청); StateError when it may not."""
        with self.books.changing():
            file_request(self.books, self.script, (provider_code, claim_no, statement_no), kind, self.today)

    def status(self, *, with_statements: bool = False) -> dict[str, Any]:
        """The books as plain data (``simulator_books.status``) with the seed."""
        report = {"seed": self.chance.seed, "today": self.today.isoformat()}
        return {**report, **status(self.books, with_statements=with_statements)}

    # -- the client ------------------------------------------------------------------------------------------

    def _register(self) -> sqlite3.Row:
        """Give the set its document id before anything is moved; an old result is taken away first."""
        incoming = self.folder / "in"
        (incoming / RESULT).unlink(missing_ok=True)
        names = sorted(
            path.name for path in incoming.iterdir() if path.is_file() and not path.name.startswith(".")
        )
        content_hash = _content_hash(incoming, names)
        number = int(content_hash[:15], 16)
        with self.books.changing():
            while self.books.one("SELECT 1 FROM document WHERE document_id = ?", _document_id(number)):
                number += 1
            self.books.insert(
                "document",
                [
                    {
                        "document_id": _document_id(number),
                        "seen_on": self.today.isoformat(),
                        "content_hash": content_hash,
                        "files": json.dumps(names),
                        "state": "arriving",
                    }
                ],
            )
        return self._document(_document_id(number))

    def _move_in(self, document: sqlite3.Row) -> None:
        """Move the files into our store, the marker last: what a crash left in the folder is still ours."""
        store = self._store(document["document_id"])
        store.mkdir(parents=True, exist_ok=True)
        for name in sorted(json.loads(document["files"]), key=lambda one: one == MARKER):
            if (self.folder / "in" / name).exists():
                shutil.move(self.folder / "in" / name, store / name)

    def _examine(self, document_id: str) -> None:
        found = examine(self._store(document_id), self.tables, self.today, self.books.identify)
        with self.books.changing():
            self._take_down(document_id, found)

    def _take_down(self, document_id: str, found: Examination) -> None:
        claim = found.claim
        exam_status = self._scripted(found)
        facts = {
            "document_id": document_id,
            "exam_status": exam_status,
            "problem_count": sum(found.counts.values()),
            "outbox": "refused" if exam_status < 0 else "waiting",
            **(vars(claim) if claim else {}),
        }
        places = ", ".join(f"{name} = :{name}" for name in facts if name != "document_id")
        self.books.change_many(
            f"UPDATE document SET state = 'examined', {places} WHERE document_id = :document_id", [facts]
        )
        self.books.insert("problem", ({"document_id": document_id, **vars(one)} for one in found.problems))
        if exam_status >= 0:
            rows = ({"document_id": document_id, **vars(one)} for one in found.statements)
            self.books.insert("statement", rows)

    def _scripted(self, found: Examination) -> int:
        """The status as examined, unless the script wants a sound set warned about or refused."""
        if found.status == 0 and found.claim is not None:
            traits = self.script.traits(self.chance, found.claim.provider_code, found.claim.claim_no)
            if "examine-refusal" in traits:
                return -1
            return int("examine-warning" in traits)
        return found.status

    def _report(self, document_id: str) -> None:
        """Write ``ExamResult.txt`` exactly once: a result that lay there twice could answer for the next set."""
        draft = self.home / f"{document_id}.result"
        document = self._document(document_id)
        if document["state"] == "examined":
            text = f"{document_id}\r\n{document['exam_status']}\r\n"
            draft.write_bytes(text.encode("cp949"))
            self._change_state(document_id, "answering")
        if draft.exists():  # else the crash came after the result was placed
            os.replace(draft, self.folder / "in" / RESULT)
        self._change_state(document_id, "answered")

    def _change_state(self, document_id: str, state: str) -> None:
        with self.books.changing():
            self.books.change("UPDATE document SET state = ? WHERE document_id = ?", state, document_id)

    def _document(self, document_id: str) -> sqlite3.Row:
        row = self.books.one("SELECT * FROM document WHERE document_id = ?", document_id)
        if row is None:
            raise StateError(
                f"There is no document {document_id} in the outbox.", f"문서 {document_id}이(가) 없습니다."
            )
        return row

    def _waiting(self, document_id: str) -> sqlite3.Row:
        row = self._document(document_id)
        if row["outbox"] != "waiting":
            raise StateError(
                f"Document {document_id} is not waiting to be sent ({row['outbox']}).",
                f"문서 {document_id}은(는) 송신 대기 상태가 아닙니다 ({row['outbox']}).",
            )
        return row

    def _traits(self, row: sqlite3.Row) -> dict[str, Any]:
        return dict(self.script.traits(self.chance, row["provider_code"], row["claim_no"]))

    def _store(self, document_id: str) -> Path:
        return self.home / "documents" / document_id


def _document_id(number: int) -> str:
    """11 characters that begin with DMD (precheck_result.csv, secondary)."""
    return f"DMD{number % 100_000_000:08d}"


def _content_hash(folder: Path, names: list[str]) -> str:
    """SHA-256 over names and bytes of a set, without the marker."""
    total = hashlib.sha256()
    for name in names:
        if name != MARKER:
            with (folder / name).open("rb") as stream:
                total.update(name.encode() + b"\0" + hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


@contextmanager
def _site_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise SiteError(
            f"The simulator cannot use its folder {folder.name}: {error}.",
            f"모의 심평원 폴더 {folder.name}을(를) 사용할 수 없습니다: {error}.",
            fix_en="Check that the folder exists, is writable and has space.",
            fix_ko="폴더가 있는지, 쓸 수 있는지, 공간이 있는지 확인하세요.",
        ) from error
