"""The simulator's post room: keeps every notice it wrote and delivers it into the client's output folder.

A notice is kept in the simulator's own folder before its row is written, and delivered under a name that begins
with a dot until it is whole. Delivering again after a crash puts the same bytes under the same name.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from cheonggu.gateways.simulator_books import Books
from cheonggu.gateways.simulator_xml import Head, wrap


class Post:
    """``kept`` holds every notice ever written, ``out`` is the client's output folder."""

    def __init__(self, books: Books, kept: Path, out: Path, today: date) -> None:
        self.books, self.kept, self.out, self.today = books, kept, out, today
        kept.mkdir(parents=True, exist_ok=True)
        out.mkdir(parents=True, exist_ok=True)

    def head(self, document: sqlite3.Row, kind: str, form: str, *, for_provider: str | None = None) -> Head:
        """The head of the next notice: its number counts all notices of these books."""
        provider = document["provider_code"]
        count = int(self.books.value("SELECT count(*) FROM notice")) + 1
        return Head(
            kind,
            form,
            f"SIM-{self.today:%Y%m%d}-{provider}-{count:04d}",
            self.today,
            for_provider or provider,
        )

    def issue(
        self, document: sqlite3.Row, traits: Iterable[str], kind: str, form: str, lines: Iterable[str]
    ) -> Head:
        """Keep one notice, and the broken or second copies that the script wants of it."""
        query = "SELECT 1 FROM notice WHERE document_id = ? AND mishap IS NULL"
        is_first = self.books.one(query, document["document_id"]) is None
        head = self.head(document, kind, form)
        raw, wanted = wrap(head, lines), set(traits)
        if is_first and "broken-notice" in wanted:
            self.keep(document, head, raw[: len(raw) // 2], suffix="_half", mishap="broken-notice")
        self.keep(document, head, raw)
        if "duplicate-delivery" in wanted:
            self.keep(document, head, raw, suffix="_again", mishap="duplicate-delivery")
        return head

    def keep(
        self, document: sqlite3.Row, head: Head, raw: bytes, *, suffix: str = "", mishap: str | None = None
    ) -> None:
        """File first, row second, inside the caller's transaction."""
        path = self.kept / f"{head.document_no}{suffix}.xml"
        new = path.with_suffix(".new")
        new.write_bytes(raw)
        os.replace(new, path)
        row = {
            "document_no": head.document_no,
            "kind": head.kind,
            "document_id": document["document_id"],
            "made_on": self.today.isoformat(),
            "file": path.name,
            "sha256": hashlib.sha256(raw).hexdigest(),
            "mishap": mishap,
        }
        self.books.insert("notice", [row])

    def deliver(self) -> int:
        """Put every notice that is not delivered yet into the output folder; give how many."""
        waiting = self.books.rows("SELECT number, file FROM notice WHERE is_delivered = 0 ORDER BY number")
        for row in waiting:
            hidden = self.out / f".{row['file']}.new"
            shutil.copyfile(self.kept / row["file"], hidden)
            os.replace(hidden, self.out / row["file"])
            with self.books.changing():
                self.books.change("UPDATE notice SET is_delivered = 1 WHERE number = ?", row["number"])
        return len(waiting)
