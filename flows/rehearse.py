"""A whole rehearsal: made-up source, the real flows, the simulated counterpart as a process of its own."""

from __future__ import annotations

import csv
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from cheonggu.batches import ASSEMBLE
from cheonggu.ledger import Claim
from cheonggu.schemes import SCHEMES, find_scheme
from cheonggu.schemes.scheme import Scheme
from cheonggu.site import SITE_VARIABLE
from flows.collect_notices import collect_notices
from flows.submit_claims import Night, submit_claims
from tasks.resources import open_resources

ALL = "all"
ANSWER_SECONDS = 120
SITE_HEAD = """# 표본 원천으로 하는 연습 · the made-up sources of the rehearsal
[ledger]
url = "sqlite:///ledger.db"

[data]
folder = "data"

[key]
file = "ledger.key"

[run]
first_care_month = "202601"

[notify]
folder = "messages"
"""
SITE_SCHEME = """
[source.{name}]
url = "sqlite:///{folder}/{database}"
files = "{folder}"

[gateway.{gateway}]
folder = "{peer}"
wait_seconds = 60
"""


@dataclass(frozen=True)
class Proof:
    """Planted defects against what was blocked: all three lists must be empty for a good night."""

    planted: int
    missed: tuple[str, ...]
    wrong_rule: tuple[str, ...]
    blocked_without_cause: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not (self.missed or self.wrong_rule or self.blocked_without_cause)


def rehearse(scheme: str, folder: Path, statements: int | None) -> int:
    """Build (or find) the sources, run the nights, let the counterparts answer, collect; returns the exit code.

    ``scheme`` may be ``all``: one ledger, one night of every scheme. ``statements``: size of the first scheme's
    source, the others in proportion; None stands for the usual sizes.
    """
    folder = folder.resolve()
    chosen = list(SCHEMES.values()) if scheme == ALL else [find_scheme(scheme)]
    os.environ[SITE_VARIABLE] = str(_prepare(folder, chosen, statements))
    codes = [_rehearse_one(one, folder) for one in chosen]
    return max(codes)


def _rehearse_one(scheme: Scheme, folder: Path) -> int:
    name, rehearsal = scheme.name, scheme.rehearsal
    with _counterpart(scheme, folder / rehearsal.peer):
        night: Night = submit_claims(name, rehearsal.as_of, return_state=True).result()
        claims = _collect_until_answered(scheme)
    proof = _prove(name, folder / rehearsal.folder / "truth.csv")
    _report(folder, night, claims, proof, scheme)
    good = proof.holds and not night.held and not night.submitted.waiting and not night.submitted.refused
    return 0 if good else 1


def _prepare(folder: Path, schemes: list[Scheme], statements: int | None) -> Path:
    """Site file, key and sources; what stands already is used again, so a second night can be tried."""
    site, key = folder / "site.toml", folder / "ledger.key"
    if not site.exists():
        parts = [SITE_SCHEME.format(name=one.name, gateway=one.gateway, **_place(one)) for one in schemes]
        site.write_text("".join([SITE_HEAD, *parts]), encoding="utf-8")
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32), encoding="ascii")
    for one in schemes:
        sample, usual = one.rehearsal, one.rehearsal.default_size
        size = usual if statements is None else statements
        if statements is not None and one is not schemes[0]:
            size = max(statements * usual // schemes[0].rehearsal.default_size, usual // 2)
        if not (folder / sample.folder / "expected.json").exists():
            typer.echo(f"{sample.name_ko}을 만듭니다 · building the {sample.name_en} ({size}) …")
            sample.build(folder / sample.folder, size, sample.as_of)
    return site


def _place(scheme: Scheme) -> dict[str, str]:
    sample = scheme.rehearsal
    return {"folder": sample.folder, "database": sample.database, "peer": sample.peer}


@contextmanager
def _counterpart(scheme: Scheme, folder: Path) -> Iterator[None]:
    """The simulated counterpart, knowing nothing of us but its folders."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "cheonggu.cli", "simulate", scheme.simulator, "--folder", str(folder)]
    today = scheme.rehearsal.as_of.isoformat()
    process = subprocess.Popen([*command, "--watch", "--seed", "1", "--today", today])
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _collect_until_answered(scheme: Scheme) -> list[Claim]:
    """Collect until every handed-off claim has its answers, as an hourly schedule would over days."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        collect_notices(scheme.name, return_state=True).result()
        with open_resources(scheme.name) as here:
            claims = here.ledger.claims(scheme.name)
        under_way = [one for one in claims if str(one.state) in scheme.rehearsal.under_way]
        if not under_way or time.monotonic() > deadline:
            return claims
        time.sleep(1)


def _prove(scheme: str, truth_file: Path) -> Proof:
    """Every planted defect found under its own rule, and nothing else blocked."""
    with truth_file.open(encoding="utf-8", newline="") as stream:
        truth = {row["statement_key"]: row["rule_id"] for row in csv.DictReader(stream)}
    with open_resources(scheme) as here:
        found = here.ledger.error_rules(scheme)
        blocked = set(here.ledger.statement_keys(scheme, "BLOCKED"))
    missed = sorted(key for key in truth if key not in found)
    wrong = sorted(key for key, rule in truth.items() if key in found and rule not in found[key])
    return Proof(len(truth), tuple(missed), tuple(wrong), tuple(sorted(blocked - set(truth))))


def _report(folder: Path, night: Night, claims: list[Claim], proof: Proof, scheme: Scheme) -> None:
    """A summary a newcomer understands, and where to look next."""
    received = [one for one in claims if one.receipt_no]
    with open_resources(scheme.name) as here:
        status = here.ledger.status(scheme.name)
        largest = max(received, key=lambda one: one.statement_count, default=None)
        made = here.folder(largest.batch_id).stage(ASSEMBLE) if largest else folder
        page = made / scheme.rehearsal.page if largest else folder
    where = f"--scheme {scheme.name} --site {folder / 'site.toml'}"
    lines = [
        "",
        f"하룻밤 {night.as_of} 결과 · what the night did ({scheme.name})",
        *([f"  0 서명 요청 asked    {night.asked.first:>6,} 청구인 claimants"] if night.asked.first else []),
        f"  1 추출 extract    {night.extracted.statements:>7,} 명세서 statements, "
        f"{night.extracted.waiting:,} 마감 전 not closed yet",
        f"  2 검증 validate   {night.validated.ready:>7,} 통과 ready, {night.validated.blocked:,} 보류 set aside",
        f"  3 작성 assemble   {night.claims:>7,} 청구서 claims",
        f"  4 사전점검 check   {night.blocked_by_precheck:>6,} 명세서 보류 statements set aside",
        f"  5 송신 submit     {len(night.submitted.handed_off):>7,} 청구서 handed off one at a time",
        f"  6 기록 record     {len(received):>7,} 접수번호 receipt numbers in the ledger",
        "",
        f"명세서 상태 statements by state: {_states(status['statements'])}",
        f"청구서 상태 claims by state:     {_states(status['claims'])}",
        f"심어 둔 오류 planted defects: {proof.planted}, 놓침 missed {len(proof.missed)}, "
        f"다른 규칙 other rule {len(proof.wrong_rule)}, "
        f"까닭 없는 보류 blocked without cause {len(proof.blocked_without_cause)}",
        "",
        "다음에 볼 것 · where to look next",
        f"  청구서 한 장 · one claim as a page   {page}",
        f"  보류된 명세서 · what was set aside    .venv/bin/cheonggu ledger blocked {where}",
        f"  원장 · the ledger                    .venv/bin/cheonggu ledger status {where}",
        "  여섯 단계 · how it works             docs/architecture.md",
    ]
    typer.echo("\n".join(lines))
    for title, keys in (
        ("missed", proof.missed),
        ("other rule", proof.wrong_rule),
        ("blocked without cause", proof.blocked_without_cause),
    ):
        for key in keys[:20]:
            typer.echo(f"{title}: {key}", err=True)


def _states(sums: dict[str, dict[str, int]]) -> str:
    return ", ".join(f"{state} {row['count']:,}" for state, row in sums.items())
