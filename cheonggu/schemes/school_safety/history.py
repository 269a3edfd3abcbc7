"""What earlier claims consumed (공제급여 원부): the ledger's decided lines as a table."""

from __future__ import annotations

import pyarrow as pa

# As ``Ledger.history`` gives it: one row per decided line of every claim of the scheme.
HISTORY_LINE = pa.schema(
    [
        ("statement_key", pa.string()),
        ("person_key", pa.string()),
        ("case_key", pa.string()),
        ("facts", pa.string()),  # JSON object: receipt_key, line_no, name, line_cat, nhi_class, tooth
        ("claimed_amount", pa.int64()),
        ("decided_amount", pa.int64()),
    ]
)
