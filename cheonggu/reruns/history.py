"""What the pre-check may ask about the parents of a rerun claim: their state at the reviewer and what was sent."""

from __future__ import annotations

import pyarrow as pa

from cheonggu.ledger import Batch, Ledger
from cheonggu.reruns.snapshots import Sent, read_sent
from cheonggu.schemes.scheme import CLASS_NAME, Scheme
from cheonggu.site import Site

TEXTS = ("claim_no", "patient_id", "receipt_no", "statement_no", "hang", "mok", "line_code", "main_code")
HISTORY_LINES = pa.schema(
    [(name, pa.string()) for name in TEXTS]
    + [("daily_qty", pa.int64()), ("total_days", pa.int64()), ("start_on", pa.date32())]
)
FROM_LINE = ("hang", "mok", "line_code", "daily_qty", "total_days")


def read_history(ledger: Ledger, site: Site, scheme: Scheme, batch: Batch) -> dict[str, pa.Table]:
    """``history_stmt``, ``identity`` and, for additions, ``history_line`` of one rerun batch; else nothing."""
    if CLASS_NAME not in batch.group:
        return {}
    tables = ledger.rerun_history(batch.batch_id)
    if tables:
        tables["history_line"] = _read_lines(ledger, site, scheme, batch)
    return tables


def _read_lines(ledger: Ledger, site: Site, scheme: Scheme, batch: Batch) -> pa.Table:
    """The lines that were sent with the parents of the batch's additions."""
    parents = ledger.parents_of(batch.batch_id, relation="addition")
    if not parents:
        return HISTORY_LINES.empty_table()
    root = site.batches_folder(scheme.name)
    sent = read_sent(
        root, scheme, [Sent(one["batch_id"], one["statement_key"], one["statement_key"]) for one in parents]
    )
    lines = sent["line"].select(["statement_key", *FROM_LINE]).to_pylist()
    places = {
        one["statement_key"]: {name: one[name] for name in ("claim_no", "receipt_no", "statement_no")}
        for one in parents
    }
    rows = [{**row, **places[row["statement_key"]]} for row in lines]
    return pa.Table.from_pylist([dict(row) for row in rows], schema=HISTORY_LINES)
