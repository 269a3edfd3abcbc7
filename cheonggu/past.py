"""What earlier claims hold that the pre-check of one batch can meet, as the ``history_…`` tables of the rules.

The ledger says which statements, claims and decisions those are; days, lines and prescriptions come from the Parquet
of the earlier batches. Of a large past only the files of claims with a statement of the same patients are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.batches import ASSEMBLE, VALIDATE, BatchFolder
from cheonggu.ledger import Batch, Ledger
from cheonggu.query import Tables

FILE = "__filename"  # what Arrow calls the file a row comes from
TEXT, INT, DAY = pa.string(), pa.int64(), pa.date32()
# Columns read from earlier batches: (stage, table) → schema. A kind of claim that lacks a column has nulls there.
STATEMENT = (VALIDATE, "statement")
GENERAL, DIAGNOSES, LINES, PRESCRIBED = ((ASSEMBLE, f"record_{letter}") for letter in "abcd")
COLUMNS = {
    STATEMENT: {"statement_key": TEXT, "form_no": TEXT, "department": TEXT, "care_from": DAY, "care_to": DAY},
    GENERAL: {
        "statement_no": TEXT,
        "claim_class": TEXT,
        "original_receipt_no": TEXT,
        "original_statement_no": TEXT,
    },
    DIAGNOSES: {"statement_no": TEXT, "diagnosis_class": TEXT, "diagnosis_code": TEXT},
    LINES: {
        "statement_no": TEXT,
        "hang": TEXT,
        "mok": TEXT,
        "line_code": TEXT,
        "daily_qty": INT,
        "total_days": INT,
    },
    PRESCRIBED: {"prescription_no": TEXT},
}
HISTORY = {
    "identity": """SELECT m.statement_no, lower(hex(i.patient_hash)) AS patient_id,
            lower(hex(i.identity_hash)) AS identity, i.content_hash, coalesce(i.checked_hash, '') AS checked_hash
        FROM identities i JOIN members m USING (statement_key)""",
    "history_stmt": """SELECT DISTINCT lower(hex(p.patient_hash)) AS patient_id, p.claim_no, p.statement_no,
            g.claim_class, s.form_no, s.department, s.care_from AS start_on, s.care_to AS last_on, p.state,
            p.receipt_no, g.original_receipt_no, g.original_statement_no, p.reason_code, p.detail_code,
            p.notified_on::DATE AS notified_on, p.total_benefit_cost_1, p.content_hash
        FROM past p
        LEFT JOIN statement s USING (batch_id, statement_key)
        LEFT JOIN record_a g USING (batch_id, statement_no)""",
    "history_line": """SELECT p.claim_no, p.patient_id, p.receipt_no, p.statement_no, l.hang, l.mok, l.line_code,
            l.daily_qty, l.total_days, s.care_from AS start_on, d.main_code
        FROM (SELECT DISTINCT batch_id, statement_key, claim_no, statement_no, receipt_no,
                     lower(hex(patient_hash)) AS patient_id FROM past) p
        JOIN record_c l USING (batch_id, statement_no)
        LEFT JOIN statement s USING (batch_id, statement_key)
        LEFT JOIN (SELECT batch_id, statement_no, min(diagnosis_code) AS main_code FROM record_b
                   WHERE diagnosis_class = '1' GROUP BY ALL) d USING (batch_id, statement_no)""",
    "history_rx": "SELECT DISTINCT prescription_no FROM record_d SEMI JOIN rx USING (prescription_no)",
    "history_claim": "SELECT * EXCLUDE (batch_id, is_sent) FROM claims WHERE is_sent = 'Y'",
}


def read_past(
    ledger: Ledger, folder: BatchFolder, batch: Batch, members: pa.Table, as_of: date
) -> dict[str, pa.Table]:
    """``identity`` and the ``history_…`` tables of ``tables.csv`` for one assembled batch.

    ``members``: statement_key and statement_no of the batch. An earlier batch whose folder is gone counts with what the
    ledger knows of it.
    """
    rx = _read([folder], PRESCRIBED)
    months = sorted(
        {batch.treatment_month, *(no[:6] for no in pc.unique(rx["prescription_no"]).to_pylist() if no)}
    )
    receipts = pc.unique(_read([folder], GENERAL)["original_receipt_no"]).to_pylist()
    known = ledger.past(
        batch, as_of, months=months, receipt_nos=[one for one in receipts if one and one.strip()]
    )
    met = _folders(folder.root, known["statements"])
    tables = {table: _read(met, (stage, table)) for stage, table in (STATEMENT, GENERAL, DIAGNOSES, LINES)}
    prescribing = _folders(folder.root, known["claims"]) if rx.num_rows else []
    db = Tables(
        members=members,
        identities=known["identities"],
        past=known["statements"],
        claims=known["claims"],
        rx=rx,
        record_d=_read(prescribing, PRESCRIBED),
        **tables,
    )
    return {name: db.table(query) for name, query in HISTORY.items()}


def _folders(root: Path, rows: pa.Table) -> list[BatchFolder]:
    return [BatchFolder(root, one) for one in sorted(pc.unique(rows["batch_id"]).to_pylist())]


def _read(folders: Iterable[BatchFolder], source: tuple[str, str]) -> pa.Table:
    """One table of several batches with the ``batch_id`` of each row."""
    stage, table = source
    schema = pa.schema(list(COLUMNS[source].items()))
    paths: Mapping[str, str] = {
        str(one.stage(stage) / f"{table}.parquet"): one.batch_id for one in folders if one.has(stage, table)
    }
    if not paths:
        return schema.append(pa.field("batch_id", TEXT)).empty_table()
    import pyarrow.dataset as ds  # brings pandas, which most commands never need

    found = ds.dataset(list(paths), schema=schema, format="parquet").to_table([*schema.names, FILE])
    files = pa.table({FILE: list(paths), "batch_id": list(paths.values())})
    return found.join(files, FILE).drop_columns([FILE])
