"""Canary: planted resident numbers and names are nowhere in the ledger's files but inside sealed blobs."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from cheonggu.errors import StateError
from cheonggu.findings import none_found
from tests.ledger.ledger_builders import (
    ACTOR,
    NAME,
    PERSON,
    RRN,
    check,
    hand_off,
    keys_of,
    members,
    new_batch,
    open_at,
    receipt,
    receipt_notice,
    review,
    review_notice,
    take,
)

CANARIES = [RRN, NAME, "김가입자", "identity of"]


def test_no_planted_value_is_in_any_file_of_the_ledger(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "ledger.db"
    with open_at(f"sqlite:///{path}") as ledger:
        claim = hand_off(ledger, "b1")
        take(ledger, receipt_notice("N1", receipt(claim)))
        content = review(claim, {"00002": "adjusted"})
        texts = content.findings.set_column(6, "text", pa.array([f"see {RRN}"]))
        take(ledger, review_notice("N2", replace(content, findings=texts)))
        second = hand_off(ledger, "b2")
        returned = receipt(second, result="returned")
        reason = replace(returned.reasons[0], text=f"patient {RRN[:6]}-{RRN[6:]}")
        take(ledger, receipt_notice("N3", replace(returned, reasons=(reason,))))
        failed = check(ledger, "b3", "failed")
        ledger.split_failed("b3", failed[:1], new_batch("b3-r1", parent="b3"), ACTOR)
        with pytest.raises(StateError) as caught:
            ledger.add_batches([new_batch("b4")], members("b4", keys_of("b1", 1)), PERSON)
        with ledger.exclusive("hira-submit"):
            ledger.export(tmp_path / "register.xlsx")
            found = {one.name: one.read_bytes() for one in tmp_path.iterdir() if one.is_file()}
        shown = [str(ledger.status("hira")), str(ledger.claims("hira")), str(caught.value), caplog.text]
        assert ledger.findings("b1") == none_found()
    assert {"ledger.db", "ledger.db-wal", "ledger.db.hira-submit.lock", "register.xlsx"} <= set(found)
    found["closed"] = path.read_bytes()
    for canary in CANARIES:
        for encoding in ("utf-8", "cp949", "utf-16-le"):
            assert [name for name, data in found.items() if canary.encode(encoding) in data] == []
        assert not [text for text in shown if canary in text]
