"""The simulated association's own reading of a package: XML, file list and papers, with what is wrong with them.

Written from the published vocabulary alone; it shares nothing with the program that wrote the package.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

NOT_CLAIMED = "insurer_share"  # 공단부담금: stands on the receipt, is never claimed


@dataclass(frozen=True)
class Line:
    """One line of a claim as the association reads it."""

    item_no: int
    name: str
    nhi_class: str
    won: int


@dataclass(frozen=True)
class ReadClaim:
    """One benefit claim of a package; ``receipts`` are the keys of its receipts."""

    statement_no: str
    accident_no: str
    claimed_won: int
    original_receipt_no: str
    receipts: tuple[str, ...]
    lines: tuple[Line, ...]
    papers: tuple[str, ...]


@dataclass(frozen=True)
class ReadPackage:
    """A package with everything that is wrong with it; an empty ``problems`` means it can be taken."""

    provider_code: str
    claim_no: str
    claim_class: str
    channel: str
    claimed_won: int
    claims: tuple[ReadClaim, ...]
    problems: tuple[str, ...] = field(default=())


def read_package(folder: Path) -> ReadPackage:
    """Read one package folder; a document that cannot be read at all gives a package without claims."""
    try:
        root = etree.fromstring((folder / "claim.xml").read_bytes())
    except (OSError, etree.XMLSyntaxError):
        return ReadPackage("", "", "", "", 0, (), ("claim.xml is missing or not XML",))
    claims = tuple(_claim(one) for one in root.iter("claim"))
    package = ReadPackage(
        provider_code=root.get("provider_code", ""),
        claim_no=root.get("claim_no", ""),
        claim_class=root.get("claim_class", ""),
        channel=root.get("channel", ""),
        claimed_won=int(root.get("claimed_amount", "0")),
        claims=claims,
    )
    problems = (*_wrong_sums(root, package), *_wrong_files(folder, root))
    return ReadPackage(**{**vars(package), "problems": problems})


def _claim(element: etree._Element) -> ReadClaim:
    return ReadClaim(
        statement_no=element.get("statement_no", ""),
        accident_no=element.get("accident_no", ""),
        claimed_won=int(element.get("claimed_won", "0")),
        original_receipt_no=element.get("original_receipt_no", ""),
        receipts=tuple(one.get("receipt_key", "") for one in element.iter("receipt")),
        lines=tuple(
            Line(
                int(one.get("item_no", "0")),
                one.get("name", ""),
                one.get("nhi_class", ""),
                int(one.get("amount_won", "0")),
            )
            for one in element.iter("item")
        ),
        papers=tuple(one.get("document_code", "") for one in element.iter("paper")),
    )


def _wrong_sums(root: etree._Element, package: ReadPackage) -> Iterator[str]:
    if package.channel not in ("online", "registered_mail", "visit"):
        yield "the channel is not one we accept"
    if int(root.get("statement_count", "-1")) != len(package.claims):
        yield "the number of claims is not that of the header"
    if package.claimed_won != sum(one.claimed_won for one in package.claims):
        yield "the claims do not add up to the header"
    for one in package.claims:
        if one.claimed_won != sum(line.won for line in one.lines if line.nhi_class != NOT_CLAIMED):
            yield f"claim {one.statement_no}: its lines do not add up"
        if not one.papers:
            yield f"claim {one.statement_no}: there is no paper"


def _wrong_files(folder: Path, root: etree._Element) -> Iterator[str]:
    try:
        listed = list(csv.DictReader(io.StringIO((folder / "files.csv").read_text(encoding="utf-8"))))
    except OSError:
        yield "files.csv is missing"
        return
    for row in listed:
        path = folder / row["file"]
        if not path.is_file():
            yield f"{row['file']} is missing"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
            yield f"{row['file']} is not the file that was listed"
    names = {row["file"] for row in listed}
    for paper in root.iter("paper"):
        if paper.get("file_name") not in names:
            yield f"paper {paper.get('file_name')} is not in the list"
