"""The register of claims (이전청구내역): claims with their sums, statements, diagnoses, by filters; no personal data.

Claims and statements come from the ledger, diagnoses from the batch folders: the ledger holds none. A statement may be
looked up by resident number, which never leaves the ledger's keyed hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.batches import VALIDATE, BatchFolder
from cheonggu.ledger import Ledger
from cheonggu.query import Tables
from cheonggu.states import ClaimState

MAIN = "1"  # class of the main diagnosis (주상병)
DIAGNOSIS_COLUMNS = ["statement_key", "diagnosis_class", "diagnosis_code"]
SUMS = ("statement_count", "claimed", "total_benefit_cost_1", "patient_copay", "decided", "paid", "open")


@dataclass(frozen=True)
class Wanted:
    """Filters; None lets everything through. ``months``: first and last month of treatment (CCYYMM).

    Withdrawn claims never left and their statements stand in another claim: they are found by state or number only,
    so that no sum counts a statement twice.
    """

    provider_code: str | None = None
    months: tuple[str, str] | None = None
    state: str | None = None
    claim_class: str | None = None
    payer_class: str | None = None
    form_no: str | None = None
    claim_no: str | None = None
    receipt_no: str | None = None


def list_claims(ledger: Ledger, scheme: str, wanted: Wanted) -> pa.Table:
    """Claims that match, by provider and number, with what was decided and paid since (won; 0 where not sent)."""
    names = ("provider_code", "claim_no", "claim_class", "payer_class", "form_no", "state", "receipt_no")
    equal = {name: value for name in names if (value := getattr(wanted, name)) is not None}
    money = ledger.reconcile(scheme, provider_code=wanted.provider_code, claim_no=wanted.claim_no).claims
    tables = Tables(claim=ledger.register(scheme), money=money)
    conditions = [f"c.{name} = ${name}" for name in equal]
    parameters = dict(equal)
    if wanted.state is None and wanted.claim_no is None:
        conditions.append("c.state <> $withdrawn")
        parameters["withdrawn"] = str(ClaimState.WITHDRAWN)
    if wanted.months is not None:
        conditions.append("c.treatment_month BETWEEN $first AND $last")
        parameters |= {"first": wanted.months[0], "last": wanted.months[1]}
    return tables.table(
        f"""SELECT c.* EXCLUDE (batch_id), coalesce(m.decided, 0) AS decided,
                   coalesce(m.settled_difference, 0) AS settled_difference, coalesce(m.paid, 0) AS paid,
                   coalesce(m.open, 0) AS open, c.batch_id
        FROM claim c LEFT JOIN money m USING (provider_code, claim_no)
        WHERE {" AND ".join(conditions) or "true"} ORDER BY c.provider_code, c.claim_no""",
        parameters or None,
    )


def list_statements(
    ledger: Ledger, scheme: str, wanted: Wanted, keys: Sequence[str] | None = None
) -> pa.Table:
    """Statements of the matching claims, those of ``keys`` when given, by claim and serial."""
    claims = list_claims(ledger, scheme, wanted)
    tables = Tables(claim=claims, sent=ledger.balances(wanted.provider_code, wanted.claim_no))
    tables.add("chosen", pa.table({"statement_key": pa.array(keys or [], pa.string())}))
    only = "" if keys is None else "SEMI JOIN chosen USING (statement_key)"
    return tables.table(
        f"""SELECT s.provider_code, s.claim_no, c.treatment_month, c.state AS claim_state, c.receipt_year, c.receipt_no,
                   c.payer_class, c.form_no, s.statement_no, s.statement_key, s.state, s.outcome, s.review_round,
                   s.claimed, s.claimed_total_1 AS total_benefit_cost_1, s.claimed_copay AS patient_copay,
                   coalesce(s.decided, 0) AS decided, s.differences AS settled_difference,
                   s.paid_final + s.paid_settled AS paid
        FROM (SELECT * FROM sent {only}) s JOIN claim c USING (provider_code, claim_no)
        ORDER BY s.provider_code, s.claim_no, s.statement_no"""
    )


def list_diagnoses(
    ledger: Ledger, scheme: str, wanted: Wanted, batches: Path, diagnosis_class: str | None = MAIN
) -> pa.Table:
    """Per diagnosis code (the main one, or of any class with None): statements, won claimed and decided.

    ``batches``: the scheme's batch folders. A claim whose folder was moved to an archive stands under code ''.
    """
    statements = list_statements(ledger, scheme, wanted)
    claims = list_claims(ledger, scheme, wanted)
    parts = [
        BatchFolder(batches, one).read(VALIDATE, "diagnosis", DIAGNOSIS_COLUMNS)
        for one in claims["batch_id"].to_pylist()
        if (BatchFolder(batches, one).stage(VALIDATE) / "diagnosis.parquet").is_file()
    ]
    empty = pa.schema([(name, pa.string()) for name in DIAGNOSIS_COLUMNS]).empty_table()
    diagnoses = pa.concat_tables([empty, *(part.cast(empty.schema) for part in parts)])
    if diagnosis_class is not None:
        diagnoses = diagnoses.filter(pc.equal(diagnoses["diagnosis_class"], diagnosis_class))
    return Tables(statement=statements, diagnosis=diagnoses).table(
        """SELECT coalesce(d.diagnosis_code, '') AS diagnosis_code, count(*) AS statements,
                  sum(s.claimed)::BIGINT AS claimed, sum(s.total_benefit_cost_1)::BIGINT AS total_benefit_cost_1,
                  sum(s.decided)::BIGINT AS decided
        FROM statement s LEFT JOIN (SELECT DISTINCT statement_key, diagnosis_code FROM diagnosis) d
             USING (statement_key)
        GROUP BY ALL ORDER BY statements DESC, diagnosis_code"""
    )


def sum_up(table: pa.Table) -> dict[str, int]:
    """The number of rows and the sum of every amount a table has."""
    names = [name for name in ("statements", *SUMS) if name in table.column_names]
    return {"rows": len(table)} | {name: int(pc.sum(table[name]).as_py() or 0) for name in names}
