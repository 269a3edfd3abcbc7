"""Judgement of a whole batch during validation (판정): what a scheme's own engine says, with what people decided.

The shapes are right by then. The outcome depends on the tables, the day, the ledger's past and the decisions of
people, so each of them is named as an input of the stage.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from cheonggu import findings
from cheonggu.ledger import Batch, Ledger
from cheonggu.ledger.audit import digest_rows
from cheonggu.schemes.scheme import Scheme

DECIDED = "decisions"  # among what is known: what people decided, a row each
DECISIONS = pa.schema(
    [
        ("statement_key", pa.string()),
        ("instruction_id", pa.int64()),
        ("kind", pa.string()),
        ("detail", pa.string()),  # JSON object
    ]
)


@dataclass(frozen=True)
class Judging:
    """What is known when one batch is judged. ``inputs`` name it for the stage's manifest."""

    scheme: Scheme
    batch: Batch
    decisions: pa.Table
    history: Mapping[str, pa.Table]

    @classmethod
    def of(cls, ledger: Ledger, scheme: Scheme, batch: Batch) -> Judging:
        """Everything the ledger holds about the past, and the decisions valid on the batch's day."""
        if scheme.checks.judge is None:
            return cls(scheme, batch, DECISIONS.empty_table(), {})
        given = [
            (one.subject, one.instruction_id, one.kind, json.dumps(dict(one.detail), sort_keys=True))
            for kind in scheme.checks.decision_kinds
            for one in ledger.instructions(scheme.name, kind=kind, valid_on=batch.claim_date)
        ]
        columns = list(zip(*given, strict=True)) or [()] * len(DECISIONS)
        return cls(scheme, batch, pa.table(columns, schema=DECISIONS), ledger.history(scheme.name))

    @property
    def inputs(self) -> dict[str, str]:
        """Digests by name; empty for a scheme that judges nothing here."""
        if self.scheme.checks.judge is None:
            return {}
        past = "".join(name + digest_rows(table) for name, table in sorted(self.history.items()))
        return {
            "decisions": digest_rows(self.decisions),
            "history": hashlib.sha256(past.encode()).hexdigest(),
            "as_of": self.batch.claim_date.isoformat(),
        }

    def run(self, tables: Mapping[str, pa.Table], files: Path) -> pa.Table:
        """Findings of the scheme's own judgement; none for a scheme without one. ``files``: the store of papers."""
        if self.scheme.checks.judge is None:
            return findings.none_found()
        known = {"as_of": self.batch.claim_date, DECIDED: self.decisions, "files": files}
        return self.scheme.checks.judge(tables, {**known, **self.history})
