"""Whatever the product leaves to a person must come to an end through the simulated people."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.overdue import mark_unanswered
from cheonggu.schemes import SCHEMES
from tasks.resources import open_resources
from tasks.submit import submit
from tests.simulation.passes import SCHEME, on_day, site_of
from tests.simulation.people import PERSON, People
from tests.support import CLINIC, build_hospital, keep_only, run_until_checked, write_site

PLACED, OVERDUE = date(2026, 7, 7), date(2026, 7, 12)


@pytest.mark.parametrize(("drawn", "becomes"), [(0.4, "SEND_UNKNOWN"), (0.6, "WITHDRAWN")])
def test_a_set_that_the_client_never_took_does_not_keep_its_gateway_for_ever(
    tmp_path: Path, drawn: float, becomes: str
) -> None:
    """The client was off until the sending was unknown; then no pass waits for it any more."""
    keep_only(
        build_hospital(tmp_path / "hospital", 300),
        f"care_month = '202606' AND payer_class = '4' AND provider_code = '{CLINIC}'",
    )
    run_until_checked(write_site(tmp_path, wait=0))
    with on_day(site_of(tmp_path), PLACED):
        submit.fn(SCHEME)
    people = People(random.Random(1), 1.0)
    people.dice = SimpleNamespace(random=lambda: drawn)  # type: ignore[assignment]
    with (
        on_day(site_of(tmp_path), OVERDUE),
        HiraSimulator(tmp_path / "client", today=OVERDUE, auto_login=False) as simulator,
    ):
        with open_resources(SCHEME) as here:
            assert mark_unanswered(here.ledger, SCHEMES[SCHEME], {"unknown_after_days": 4}, PERSON)
            people.decide(here.ledger, simulator)
            claim = max(here.ledger.claims(SCHEME), key=lambda one: one.claim_no)
        done = submit.fn(SCHEME)
    assert claim.state == becomes
    assert done.handed_off == ((claim.claim_no,) if becomes == "SEND_UNKNOWN" else ())
    assert not done.why_waiting
    assert not list((tmp_path / "client" / "in").iterdir())
