"""Made-up batches, claims and notices, and shortcuts that walk a claim up to the step a test is about."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import pyarrow as pa

from cheonggu.findings import FINDINGS, from_rows, none_found
from cheonggu.ledger import Actor, Claim, FileFact, ImportReport, Ledger, NewBatch, open_ledger
from cheonggu.notices import REVIEW_FINDINGS, REVIEW_STATEMENTS, Notice, Reason, Receipt, Review, Totals

SECRET = b"a made-up secret of 32 bytes and more"
SCHEME, PROVIDER, MONTH = "hira", "11100011", "202605"
ACTOR = Actor("pipeline", "run-1")
PERSON = Actor("operator", None)
COPAY, CLAIMED = 4_200, 10_080
TOTAL = COPAY + CLAIMED
RRN, NAME = "8001011234567", "홍길동가나"


def open_at(url: str) -> Ledger:
    """A ledger with a clock that stands still."""
    return open_ledger(url, SECRET, clock=lambda: datetime(2026, 7, 6, 21, 0, tzinfo=UTC))


def new_batch(batch_id: str, *, provider: str = PROVIDER, parent: str | None = None) -> NewBatch:
    return NewBatch(
        batch_id=batch_id,
        scheme=SCHEME,
        provider_code=provider,
        treatment_month=MONTH,
        kind="medical_dental",
        claim_class="",
        claim_date=date(2026, 6, 1),
        group={"payer_class": "4", "form_no": "H021"},
        parent_batch_id=parent,
    )


def members(
    batch_id: str, keys: Sequence[str], *, version: str = "1", identities: Sequence[str] | None = None
) -> pa.Table:
    """Statements of 14,280 won each; ``version`` makes another content hash."""
    count = len(keys)
    return pa.table(
        {
            "batch_id": [batch_id] * count,
            "statement_key": list(keys),
            "identity": [f"identity of {key}" for key in keys] if identities is None else list(identities),
            "care_month": [MONTH] * count,
            "content_hash": [hashlib.sha256(f"{key} {version}".encode()).hexdigest() for key in keys],
            "claimed_amount": [CLAIMED] * count,
            "total_benefit_cost_1": [TOTAL] * count,
            "patient_copay": [COPAY] * count,
            "patient_rrn": [RRN] * count,
            "patient_name": [NAME] * count,
            "subscriber_name": ["김가입자"] * count,
            "insurance_card_no": pa.array([None] * count, pa.string()),
        }
    )


def keys_of(batch_id: str, count: int) -> list[str]:
    return [f"{batch_id}-S{number:03d}" for number in range(1, count + 1)]


def finding(key: str | None, level: str = "error") -> pa.Table:
    return from_rows(
        [
            {
                **dict.fromkeys(FINDINGS.names),
                "rule_id": "DX-001",
                "level": level,
                "stage": "validate",
                "scope": "statement",
                "statement_key": key,
                "message_ko": "주상병이 없습니다",
                "message_en": "no main diagnosis",
                "fix_ko": "주상병을 넣으세요",
                "fix_en": "add one",
            }
        ]
    )


def verdicts(keys: Sequence[str], blocked: Sequence[str] = ()) -> pa.Table:
    return pa.table({"statement_key": list(keys), "is_ready": [key not in blocked for key in keys]})


def numbered(keys: Sequence[str]) -> pa.Table:
    count = len(keys)
    return pa.table(
        {
            "statement_key": list(keys),
            "statement_no": [f"{number:05d}" for number in range(1, count + 1)],
            "claimed_amount": [CLAIMED] * count,
            "total_benefit_cost_1": [TOTAL] * count,
            "patient_copay": [COPAY] * count,
        }
    )


def header(count: int) -> dict[str, int]:
    return {
        "statement_count": count,
        "claimed_amount": CLAIMED * count,
        "total_benefit_cost_1": TOTAL * count,
        "patient_copay": COPAY * count,
        "support_amount": 0,
    }


def files_of(batch_id: str) -> list[FileFact]:
    """A claim's files: one with its records, an empty one and the marker, alike in every claim."""
    marker, nothing = hashlib.sha256(b"marker").hexdigest(), hashlib.sha256(b"").hexdigest()
    records = hashlib.sha256(f"records of {batch_id}".encode()).hexdigest()
    return [
        FileFact("H010", 2098, records),
        FileFact("K020.4", 0, nothing),
        FileFact("MEDLOG.ENC", 74, marker),
    ]


def extract(ledger: Ledger, batch_id: str, count: int = 3) -> list[str]:
    keys = keys_of(batch_id, count)
    ledger.add_batches([new_batch(batch_id)], members(batch_id, keys), ACTOR)
    return keys


def validate(ledger: Ledger, batch_id: str, count: int = 3) -> list[str]:
    keys = extract(ledger, batch_id, count)
    ledger.record_validated(batch_id, verdicts(keys), none_found(), ACTOR)
    return keys


def assemble(ledger: Ledger, batch_id: str, count: int = 3) -> list[str]:
    keys = validate(ledger, batch_id, count)
    record_assembly(ledger, batch_id, keys)
    return keys


def record_assembly(ledger: Ledger, batch_id: str, keys: Sequence[str]) -> None:
    ledger.reserve_claim_numbers([batch_id], ACTOR)
    ledger.record_assembled(batch_id, numbered(keys), header(len(keys)), files_of(batch_id), ACTOR)


def check(ledger: Ledger, batch_id: str, status: str = "ok", count: int = 3) -> list[str]:
    keys = assemble(ledger, batch_id, count)
    ledger.record_prechecked(batch_id, status, none_found(), ACTOR)
    return keys


def hand_off(ledger: Ledger, batch_id: str, count: int = 3) -> Claim:
    """A claim that the client examined as fine."""
    check(ledger, batch_id, count=count)
    claim = claim_of(ledger, batch_id)
    submission = intend(ledger, claim)
    ledger.mark_placed(submission, ACTOR)
    ledger.record_examined(submission, "DMD00000001", 0, ACTOR)
    return claim_of(ledger, batch_id)


def intend(ledger: Ledger, claim: Claim) -> int:
    files = files_of(claim.batch_id)
    return ledger.write_intent(claim.provider_code, claim.claim_no, "hira_client", files, ACTOR).id


def claim_of(ledger: Ledger, batch_id: str) -> Claim:
    return next(one for one in ledger.claims(SCHEME) if one.batch_id == batch_id)


def states_of(ledger: Ledger, keys: Sequence[str]) -> set[str]:
    """The states in which these statements are now."""
    known = ledger.known_statements(SCHEME, PROVIDER, MONTH).to_pylist()
    return {row["state"] for row in known if row["statement_key"] in keys}


def receipt(claim: Claim, *, result: str = "received", number: str = "0001234", **changes: object) -> Receipt:
    is_received = result == "received"
    values: dict[str, object] = {
        "result": result,
        "receipt_no": number if is_received else None,
        "receipt_year": "2026" if is_received else None,
        "receipt_date": date(2026, 7, 8),
        "claim_no": claim.claim_no,
        "claim_class": "original",
        "payer_class": "4",
        "treatment_month": claim.treatment_month,
        "statement_count": claim.statement_count,
        "claimed_amount": claim.claimed_amount,
        "reasons": () if is_received else (Reason("09", "06", None, "last serial is not the count"),),
    }
    return Receipt(**(values | changes))  # type: ignore[arg-type]


def receipt_notice(document_no: str, *receipts: Receipt, provider: str = PROVIDER) -> Notice:
    return Notice(document_no, "receipt", "F010", "simulator", date(2026, 7, 8), provider, receipts=receipts)


def review(
    claim: Claim,
    outcomes: Mapping[str, str],
    *,
    review_round: str = "20260701",
    complete: bool = False,
    number: str = "0001234",
    totals: Totals | None = None,
) -> Review:
    """A review of the listed serials; an adjusted statement loses 510 won of the payer's share."""
    decided = {"accepted": CLAIMED, "adjusted": CLAIMED - 510, "impossible": 0, "held": 0}
    rows = [
        {
            "statement_no": serial,
            "outcome": outcome,
            "claimed_total_1": TOTAL,
            "claimed_copay": COPAY,
            "claimed_amount": CLAIMED,
            "decided_total_1": decided[outcome] + COPAY if decided[outcome] else 0,
            "decided_copay": COPAY if decided[outcome] else 0,
            "decided_amount": decided[outcome],
            "copay_refund": None,
        }
        for serial, outcome in outcomes.items()
    ]
    findings = [
        {"statement_no": serial, "finding_class": outcome, "code": "16", "detail_code": "10", "line_no": None}
        | {"amount": TOTAL, "text": "reason"}
        for serial, outcome in outcomes.items()
        if outcome != "accepted"
    ]
    return Review(
        review_round=review_round,
        complete=complete,
        receipt_year="2026",
        receipt_no=number,
        claim_no=claim.claim_no,
        payer_class="4",
        totals=totals or sum_up(claim, outcomes),
        statements=pa.Table.from_pylist(rows, schema=REVIEW_STATEMENTS),
        findings=pa.Table.from_pylist(findings, schema=REVIEW_FINDINGS),
    )


def sum_up(claim: Claim, outcomes: Mapping[str, str], *, only_listed: bool = False) -> Totals:
    """Totals in which absent statements are accepted (or, in a later round, not counted)."""
    count = len(outcomes) if only_listed else claim.statement_count
    refused = sum(outcome in ("impossible", "held") for outcome in outcomes.values())
    adjusted = sum(outcome == "adjusted" for outcome in outcomes.values())
    return Totals(
        claimed_count=count,
        claimed_amount=count * CLAIMED,
        decided_count=count - refused,
        decided_amount=(count - refused) * CLAIMED - adjusted * 510,
        impossible_count=refused,
        impossible_amount=refused * CLAIMED,
        adjusted_count=adjusted,
        adjusted_amount=adjusted * 510,
    )


def review_notice(document_no: str, content: Review) -> Notice:
    return Notice(
        document_no, "review-result", "F020", "simulator", date(2026, 7, 20), PROVIDER, review=content
    )


def take(ledger: Ledger, notice: Notice, content: str = "") -> ImportReport:
    """Import a notice whose bytes are its number and ``content``."""
    sha256 = hashlib.sha256(f"{notice.document_no} {content}".encode()).hexdigest()
    return ledger.import_notice(
        SCHEME, notice, sha256=sha256, archived_as=f"{sha256}.xml", actor=ACTOR, provider_codes=[PROVIDER]
    )
