"""The output folder takes XML, record files and zips by content; each document once, each in its own transaction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cheonggu.collection import Collected, NoticeSettings, collect_documents
from cheonggu.gateways.hira_client import HiraClient
from cheonggu.ledger import Claim, Ledger
from cheonggu.schemes import SCHEMES
from tests.formats.test_notice_files import zipped
from tests.ledger.ledger_builders import ACTOR, PROVIDER, claim_of, hand_off, open_at
from tests.schemes.hira import record_samples as samples

HIRA = SCHEMES["hira"]
SETTINGS = NoticeSettings(providers={samples.PROVIDER: PROVIDER})
RECEIPT = """<notice schema="1" kind="receipt" form="F010" document-no="{number}" source="hira" issued="2026-07-08">
<provider code="11100011"/><receipt result="received" report="claim" receipt-no="0001234" receipt-year="2026"
receipt-date="2026-07-08"><claim claim-no="{claim}" claim-class="original" payer-class="4" treatment-month="2026-05"/>
<claimed statements="3" amount="30240"/></receipt></notice>"""


class Folder:
    """An output folder with its ledger and archive."""

    def __init__(self, home: Path, ledger: Ledger) -> None:
        self.home, self.ledger = home, ledger
        self.client = HiraClient(str(home / "client"))
        self.claim: Claim = hand_off(ledger, "b1")

    def put(self, name: str, raw: bytes) -> None:
        (self.home / "client" / "out" / name).write_bytes(raw)

    def names(self, *below: str) -> list[str]:
        folder = (self.home / "client" / "out").joinpath(*below)
        return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []

    def archived(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.home / "archive").rglob("*")) if path.is_file()]

    def collect(self, settings: NoticeSettings = SETTINGS) -> Collected:
        archive = self.home / "archive"
        return collect_documents(self.client, self.ledger, HIRA, [], archive, ACTOR, settings)

    def state(self) -> str:
        return str(claim_of(self.ledger, "b1").state)

    def xml(self, number: str = "N-1") -> bytes:
        return RECEIPT.format(number=number, claim=self.claim.claim_no).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with open_at(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield Folder(tmp_path, ledger)


def test_a_set_of_record_files_moves_the_claim(folder: Folder) -> None:
    folder.put("I010.1", samples.i010(folder.claim.claim_no))
    assert folder.collect() == Collected(1, 0, (), ())
    for name, raw in samples.i020(folder.claim.claim_no).items():
        folder.put(name, raw)
    assert folder.collect() == Collected(1, 0, (), ())
    states = folder.ledger.claim_statements(PROVIDER, folder.claim.claim_no)["state"].to_pylist()
    assert states == ["ACCEPTED", "ADJUSTED", "IMPOSSIBLE"]
    assert (folder.names(), len(folder.names("imported"))) == ([], 4)


def test_content_decides_and_never_the_name(folder: Folder) -> None:
    folder.put("notice.zip", folder.xml())
    folder.put("notice.xml", samples.i010(folder.claim.claim_no, receipt_no="0001234"))
    assert folder.collect().imported == 2
    assert folder.state() == "RECEIVED"


def test_half_a_set_waits_where_it_lies_until_it_is_whole(folder: Folder) -> None:
    records = samples.i020(folder.claim.claim_no)
    folder.put("I020.2", records["I020.2"])
    folder.put("I020.3", b"")
    assert folder.collect().waiting == ("I020",)
    assert folder.names() == ["I020.2", "I020.3"]
    assert folder.state() == "HANDED_OFF"
    folder.put("I020.1", records["I020.1"])
    assert folder.collect() == Collected(1, 0, (), ())
    assert (folder.state(), folder.names()) == ("DECIDED", [])


def test_a_zip_holds_documents_of_any_kind_and_repeats_change_nothing(folder: Folder) -> None:
    records = samples.i020(folder.claim.claim_no, "0001234")
    raw = zipped(("a.xml", folder.xml()), ("copy of a.xml", folder.xml()), *records.items())
    folder.put("2026-07.zip", raw)
    assert folder.collect() == Collected(2, 1, (), ())
    assert folder.state() == "DECIDED"
    assert raw in folder.archived()
    folder.put("again.zip", raw)
    folder.put("again.xml", folder.xml())
    assert folder.collect() == Collected(0, 4, (), ())


def test_a_bad_document_in_a_zip_stops_no_other_and_is_shown(folder: Folder) -> None:
    folder.put("mixed.zip", zipped(("bad.xml", b"<notice"), ("good.xml", folder.xml())))
    found = folder.collect()
    assert (found.imported, [one.name for one in found.refused]) == (1, ["mixed.zip"])
    assert (folder.state(), folder.names("refused")) == ("RECEIVED", ["mixed.zip"])


def test_broken_zips_are_refused_and_archived(folder: Folder) -> None:
    raw = zipped(("a.xml", folder.xml()))[:-30]
    folder.put("cut.zip", raw)
    assert [one.name for one in folder.collect().refused] == ["cut.zip"]
    assert folder.archived() == [raw]
    assert folder.state() == "HANDED_OFF"


def test_the_same_number_with_other_bytes_is_refused_in_a_zip_too(folder: Folder) -> None:
    folder.put("one.xml", folder.xml())
    folder.put("two.zip", zipped(("a.xml", folder.xml().replace(b"30240", b"30241"))))
    found = folder.collect()
    assert (found.imported, len(found.refused)) == (1, 1)
    assert "other bytes" in found.refused[0].reason_en


def test_an_unknown_form_is_kept_raw_and_read_once_its_layout_is_given(
    folder: Folder, tmp_path: Path
) -> None:
    head = {
        "form_no": "F040",
        "provider_code": PROVIDER,
        "settle_round": "20260001",
        "settle_date": "20260801",
    }
    head |= {"receipt_no": "0001234", "claim_no": folder.claim.claim_no}
    change = {"statement_no": "00001", "prev_decided_amount": 10_080, "settled_decided_amount": 10_000}
    table = tmp_path / "f040.csv"
    names = [("1", name, 10) for name in head] + [("2", "remark", 5)] + [("3", name, 10) for name in change]
    rows, counts = ["document,group,seq,name_en,name_ko,type,length"], {"1": 0, "2": 0, "3": 0}
    for group, name, length in names:
        counts[group] += 1
        size = 4 if name == "form_no" else length
        rows.append(
            f"F040,F040.{group},{counts[group]},{name},{name},{'n' if 'amount' in name else 'an'},{size}"
        )
    table.write_text("\n".join(rows), encoding="utf-8")
    layouts = samples.load_notice_layouts(table)
    for group, made in ((1, [head]), (2, []), (3, [change])):
        folder.put(f"F040.{group}", samples.write("F040", group, made, layouts))
    folder.put("receipt.xml", folder.xml())
    found = folder.collect()
    assert (found.imported, found.kept, found.refused) == (1, ("F040",), ())
    assert folder.names() == []
    assert folder.ledger.kept_documents() != []
    assert folder.collect() == Collected(0, 0, (), ())
    found = folder.collect(NoticeSettings((table,)))
    assert (found.imported, folder.ledger.kept_documents()) == (1, [])
    assert folder.ledger.reconcile("hira").sums()["settled_difference"] == -80
