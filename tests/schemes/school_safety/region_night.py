"""A small school region, its nights stage by stage without Prefect runs, and the simulated association in-process."""

from __future__ import annotations

import csv
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cheonggu.gateways.association import Association
from cheonggu.schemes import SCHEMES
from cheonggu.schemes.school_safety.sample import build_region
from cheonggu.site import SITE_VARIABLE
from cheonggu.submission import HandOffs
from tasks.assemble import assemble
from tasks.collect import collect
from tasks.extract import extract
from tasks.notify import notify
from tasks.precheck import precheck
from tasks.resources import Resources, open_resources
from tasks.submit import submit
from tasks.validate import validate

SCHOOL = SCHEMES["school_safety"]
NAME = SCHOOL.name
AS_OF = date(2026, 7, 6)
CLAIMS = 60
SITE = """
[source.school_safety]
url = "sqlite:///region/region.db"
files = "region"
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
[gateway.school_portal]
folder = "portal"
wait_seconds = 20
"""


def build(folder: Path, claims: int = CLAIMS) -> Path:
    """Region, site file and key below ``folder``; makes it the site of this process."""
    build_region(folder / "region", claims=claims, as_of=AS_OF)
    (folder / "site.toml").write_text(SITE, encoding="utf-8")
    (folder / "ledger.key").touch(mode=0o600)
    (folder / "ledger.key").write_text("ab" * 32, encoding="ascii")
    use(folder)
    return folder


def use(folder: Path) -> None:
    os.environ[SITE_VARIABLE] = str(folder / "site.toml")


def run_until_checked(as_of: date = AS_OF) -> None:
    """Ask for signatures, extract, validate, assemble and pre-check, as the night does."""
    notify.fn(NAME, as_of)
    extract.fn(NAME, as_of)
    validate.fn(NAME, as_of)
    while True:
        assemble.fn(NAME)
        if not precheck.fn(NAME, as_of).successors:
            return


@contextmanager
def association(folder: Path, script: str | None = None) -> Iterator[Association]:
    """The simulated association on the portal's folder, its day standing at ``AS_OF``."""
    with Association(folder / "portal", script=script, seed=1, today=AS_OF) as peer:
        yield peer


def hand_off(peer: Association) -> HandOffs:
    """Submit while the operator enters packages."""
    with patch("cheonggu.submission.POLL_SECONDS", 0):
        real = submit.fn.__globals__["Submitter"]

        def submitter(*given: Any, **named: Any) -> Any:
            return real(*given, **named, sleep=lambda _: peer.enter())

        with patch.dict(submit.fn.__globals__, {"Submitter": submitter}):
            found: HandOffs = submit.fn(NAME)
    return found


def pass_days(peer: Association, days: int) -> None:
    """Let days go by, with every answer taken in on its day."""
    for _ in range(days):
        peer.pass_days(1)
        peer.answer()
        collected = collect.fn(NAME)
        assert not collected.refused, collected.refused
        assert not collected.attention, collected.attention


def run_night(folder: Path, peer: Association, as_of: date = AS_OF) -> HandOffs:
    use(folder)
    run_until_checked(as_of)
    return hand_off(peer)


@contextmanager
def ledger_of(folder: Path) -> Iterator[Resources]:
    use(folder)
    with open_resources(NAME) as here:
        yield here


def ask(folder: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """A question to the ledger."""
    with sqlite3.connect(folder / "ledger.db") as connection:
        return connection.execute(query, values).fetchall()


def change(folder: Path, query: str, *values: object) -> None:
    """A change in the region's own database."""
    with sqlite3.connect(folder / "region" / "region.db") as connection:
        connection.execute(query, values)


def look(folder: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    with sqlite3.connect(folder / "region" / "region.db") as connection:
        return connection.execute(query, values).fetchall()


def truth(folder: Path) -> dict[str, str]:
    """Planted defects: statement key → rule."""
    with (folder / "region" / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return {row["statement_key"]: row["rule_id"] for row in csv.DictReader(stream)}


def later(days: int) -> date:
    return AS_OF + timedelta(days=days)
