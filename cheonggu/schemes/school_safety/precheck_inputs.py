"""What the pre-check rules look at for one package: the files as they will leave, the source, the proposal."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from cheonggu.batches import file_fact
from cheonggu.query import Tables
from cheonggu.schemes.school_safety.judge import propose
from cheonggu.schemes.school_safety.package.write import LIST, XML
from cheonggu.schemes.school_safety.package.xml import read_xml

WIRE = {"package": "package", "claim": "stmt", "receipt": "receipt", "item": "item", "paper": "paper"}
STORED = pa.schema([("file_name", pa.string()), ("size", pa.int64()), ("sha256", pa.string())])
WAITING = """
SELECT DISTINCT m.statement_no, i.line_no AS receipt_line, a.claim_no
FROM item i JOIN benefit_claim c USING (statement_key) JOIN member m USING (statement_key)
JOIN asked_line a ON a.person_key = c.pupil_key AND a.facts->>'receipt_key' = i.receipt_key
    AND (a.facts->>'line_no')::BIGINT = i.line_no AND a.facts->>'nhi_class' = i.nhi_class
WHERE (a.is_out OR a.claim_no < $claim_no) AND a.claim_no <> $claim_no
    AND a.statement_key NOT IN (SELECT statement_key FROM member)
ORDER BY ALL
"""
LISTED = pa.schema([("file_name", pa.string()), ("sha256", pa.string())])


def precheck_tables(
    folder: Path, views: Mapping[str, pa.Table], context: Mapping[str, Any]
) -> dict[str, pa.Table]:
    """Tables of ``rules/precheck/tables.csv`` for the package in ``folder``."""
    batch, members = context["batch"], context["members"]
    facts = [file_fact(path, folder) for path in sorted(folder.iterdir()) if path.is_file()]
    wire = read_xml((folder / XML).read_bytes())
    claim = {"kind": batch.kind, "claim_class": batch.claim_class, "submission_on": context["as_of"]}
    return {
        **{name: wire[element] for element, name in WIRE.items()},
        "claim": pa.Table.from_pylist([claim]),
        "stored": pa.Table.from_pylist(
            [{"file_name": one.name, "size": one.size, "sha256": one.sha256} for one in facts], schema=STORED
        ),
        "listed": _listed(folder),
        "source_claim": _accidents(views, members),
        "proposal": _numbered(propose(views, context), members),
        **({"waiting_line": _waiting(views, context)} if "asked_line" in context else {}),
    }


def _waiting(views: Mapping[str, pa.Table], context: Mapping[str, Any]) -> pa.Table:
    """Lines of the package that another undecided claim of the person holds: one that is out, or made before it."""
    db = Tables(**{name: views[name] for name in ("benefit_claim", "item")})
    db.add("member", context["members"])
    db.add("asked_line", context["asked_line"])
    return db.table(WAITING, {"claim_no": context["batch"].claim_no})


def _listed(folder: Path) -> pa.Table:
    with (folder / LIST).open(encoding="utf-8", newline="") as stream:
        rows = [{"file_name": row["file"], "sha256": row["sha256"]} for row in csv.DictReader(stream)]
    return pa.Table.from_pylist(rows, schema=LISTED)


def _accidents(views: Mapping[str, pa.Table], members: pa.Table) -> pa.Table:
    db = Tables(member=members, benefit_claim=views["benefit_claim"], accident=views["accident"])
    return db.table(
        """SELECT statement_no, status AS accident_status
        FROM member JOIN benefit_claim USING (statement_key) JOIN accident USING (accident_no)"""
    )


def _numbered(proposal: pa.Table, members: pa.Table) -> pa.Table:
    db = Tables(member=members, proposal=proposal)
    return db.table("SELECT * EXCLUDE (statement_key) FROM proposal JOIN member USING (statement_key)")
