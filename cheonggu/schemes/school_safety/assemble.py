"""Assembly (작성): the validated claims of one association, day and channel → numbered wire tables and papers.

Nothing here looks at a clock or the ledger: the same batch gives the same package, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from cheonggu.ledger.lines import CLAIM_LINES
from cheonggu.query import Tables
from cheonggu.schemes.scheme import Assembled, BatchInput
from cheonggu.schemes.school_safety.files import stored_path
from cheonggu.schemes.school_safety.package.fields import CLAIM, FORMAT, ROOT
from cheonggu.schemes.school_safety.package.xml import schema_of

SUFFIXES = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}
NUMBERED = """
SELECT *, printf('%05d', row_number() OVER (ORDER BY registered_on, statement_key)) AS statement_no
FROM benefit_claim
"""
CLAIMS = """
SELECT c.*, s.school_name, s.school_level, p.grade_class, p.pupil_name AS victim_name, p.birth_on AS victim_birth,
       p.victim_role, a.accident_on, g.signed_on, b.original_receipt_no, b.original_statement_no
FROM numbered c
LEFT JOIN back_reference b USING (statement_key)
JOIN school s USING (school_code) JOIN pupil p USING (pupil_key) JOIN accident a USING (accident_no)
LEFT JOIN signature g USING (statement_key)
ORDER BY c.statement_no
"""
RECEIPTS = """
SELECT n.statement_no, r.*,
       (row_number() OVER (PARTITION BY n.statement_no ORDER BY r.receipt_key))::VARCHAR AS receipt_no
FROM receipt r JOIN numbered n USING (statement_key) ORDER BY n.statement_no, r.receipt_key
"""
ITEMS = """
SELECT i.*, r.receipt_no,
       row_number() OVER (PARTITION BY r.statement_no ORDER BY r.receipt_no, i.line_no, i.item_key) AS item_no,
       r.statement_no
FROM item i JOIN numbered_receipt r USING (statement_key, receipt_key) ORDER BY r.statement_no, item_no
"""
SCARS = """
SELECT i.statement_no, i.item_no, s.*
FROM scar s JOIN numbered_item i USING (statement_key, item_key) ORDER BY i.statement_no, i.item_no, s.scar_no
"""
LINES = """
SELECT i.statement_no, i.item_no AS line_no, n.pupil_key AS person_key, n.accident_no AS case_key,
       to_json({'receipt_key': i.receipt_key, 'line_no': i.line_no, 'name': i.name, 'line_cat': i.line_cat,
                'nhi_class': i.nhi_class, 'tooth': i.tooth})::VARCHAR AS facts,
       i.amount_won AS claimed_amount
FROM numbered_item i JOIN numbered n USING (statement_key)
WHERE i.nhi_class <> 'insurer_share'
ORDER BY i.statement_no, i.item_no
"""
PAPERS = """
SELECT n.statement_no, a.attachment_no AS paper_no, a.document_code, i.item_no, a.media_type, f.size, f.sha256,
       concat(n.statement_no, '-', printf('%02d', a.attachment_no), '-', a.document_code, '.',
              CASE a.media_type {suffixes} END) AS file_name
FROM attachment a JOIN attachment_file f USING (statement_key, attachment_no)
JOIN numbered n USING (statement_key) LEFT JOIN numbered_item i USING (statement_key, item_key)
ORDER BY n.statement_no, a.attachment_no
"""


def assemble(batch: BatchInput) -> Assembled:
    """Number the claims by day of registration and key; ``files`` are the papers under their name in the package."""
    db = Tables(**batch.tables, back_reference=batch.references)
    db.add("numbered", db.table(NUMBERED))
    db.add("numbered_receipt", db.table(RECEIPTS))
    db.add("numbered_item", db.table(ITEMS))
    cases = " ".join(f"WHEN '{media}' THEN '{suffix}'" for media, suffix in SUFFIXES.items())
    records = {
        CLAIM: _conform(CLAIM, db.table(CLAIMS)),
        "receipt": _conform("receipt", db.table("FROM numbered_receipt ORDER BY statement_no, receipt_key")),
        "item": _conform("item", db.table("FROM numbered_item ORDER BY statement_no, item_no")),
        "scar": _conform("scar", db.table(SCARS)),
        "paper": _conform("paper", db.table(PAPERS.format(suffixes=cases))),
    }
    members = db.table(
        """SELECT statement_key, statement_no, claimed_won AS claimed_amount, claimed_won AS total_benefit_cost_1,
        0::BIGINT AS patient_copay FROM numbered ORDER BY statement_no"""
    )
    header = _header(batch, members)
    papers = records["paper"]
    files = {
        name: stored_path(batch.files, digest)
        for name, digest in zip(papers["file_name"].to_pylist(), papers["sha256"].to_pylist(), strict=True)
    }
    association = batch.tables["association"].to_pylist()[0]
    return Assembled(
        header,
        records,
        members,
        association["association_name"],
        lines=db.table(LINES).cast(CLAIM_LINES),
        files=files,
        facts=association,
    )


def _conform(element: str, table: pa.Table) -> pa.Table:
    schema = schema_of(element)
    return table.select(schema.names).cast(schema)


def _header(batch: BatchInput, members: pa.Table) -> pa.Table:
    association = batch.tables["association"].to_pylist()[0]
    amount = sum(members["claimed_amount"].to_pylist())
    row: Mapping[str, object] = {
        "format": FORMAT,
        "claim_no": batch.claim_no,
        "claim_class": batch.claim_class,
        "provider_code": association["provider_code"],
        "association_name": association["association_name"],
        "channel": batch.group["channel"],
        "claim_date": batch.claim_date,
        "statement_count": len(members),
        "claimed_amount": amount,
    }
    return pa.Table.from_pylist([row], schema=schema_of(ROOT))
