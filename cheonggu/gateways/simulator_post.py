"""The simulator's post room: keeps every notice it wrote and delivers it into the client's output folder.

A notice is kept in the simulator's own folder before its row is written, and delivered under a name that begins
with a dot until it is whole. Delivering again after a crash puts the same bytes under the same name.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from cheonggu.gateways.simulator_books import Books
from cheonggu.gateways.simulator_xml import Head, wrap

# A record file of a form that no table describes: it must be kept and reported, never guessed at.
UNKNOWN_FORM = "F999 알 수 없는 서식 00001\r\n".encode("cp949")
ZIP_TIME = (2000, 1, 1, 0, 0, 0)  # the same files make the same bytes


def pack(files: Mapping[str, bytes]) -> bytes:
    """A ZIP as HIRA's messages carry their record groups; a group without rows is an empty entry."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), data)
    return stream.getvalue()


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
            self.keep(document, head, raw[: len(raw) // 2], suffix="_half.xml", mishap="broken-notice")
        if is_first and "unknown-form" in wanted:
            self.keep(document, head, UNKNOWN_FORM, suffix="_F999.1", mishap="unknown-form")
        name = f"{head.document_no}.xml"
        suffix, data = (".zip", pack({name: raw, "F020.3": b""})) if "zipped" in wanted else (".xml", raw)
        self.keep(document, head, data, suffix=suffix)
        if "duplicate-delivery" in wanted:
            self.keep(document, head, data, suffix=f"_again{suffix}", mishap="duplicate-delivery")
        return head

    def keep(
        self,
        document: sqlite3.Row,
        head: Head,
        raw: bytes,
        *,
        suffix: str = ".xml",
        mishap: str | None = None,
    ) -> None:
        """File first, row second, inside the caller's transaction; ``suffix`` goes behind the document number."""
        path = self.kept / f"{head.document_no}{suffix}"
        new = path.with_name(f"{path.name}.new")
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
