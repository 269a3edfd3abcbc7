"""Many nights of one made-up hospital: everything goes wrong that may, and after each night the books are compared.

All is drawn from the seed, so a failure is played again from the seed alone; only ``timer`` kills fall where the
machine lets them, and those are logged as the instruction they hit and may be given back (``replayed``).
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from unittest import mock

import tasks.resources
import tasks.validate
from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.gateways.simulator_audit import Difference
from cheonggu.ledger import Ledger
from cheonggu.precheck import Catalogue, load_catalogue
from cheonggu.reruns import Request
from cheonggu.schemes import SCHEMES
from tasks.assemble import assemble
from tasks.extract import extract
from tasks.precheck import precheck
from tasks.resources import open_resources
from tasks.validate import validate
from tests.simulation import audit
from tests.simulation.answers import write_script
from tests.simulation.clerks import Clerks
from tests.simulation.hospital import Hospital
from tests.simulation.items import check_found_late, check_items
from tests.simulation.kills import FAULT, INSTRUCTION, STEP, TIMER, Kill
from tests.simulation.passes import (
    COLLECT,
    RERUN,
    SCHEME,
    SUBMIT,
    Ended,
    Pass,
    on_day,
    run,
    run_here,
    site_of,
)
from tests.simulation.people import People
from tests.support import write_site

FIRST_MONTH = date(2025, 12, 1)
# The pre-check's own cost does not belong here: a few cheap rules, so that some statements are still taken out.
RULES = ("AMT-007", "DAY-010", "DX-007", "LINE-008")
QUIET_NIGHTS = 60  # at most, at the end, for everybody to finish
LONGEST_CALM = 7
FEW_NIGHTS, FEW_JUMP = 4, 5
RERUN_SHARE = 0.3  # of the impossible statements, corrected and supplemented in one night
FINDING = 0.25  # of the nights, in which items left out of decided statements turn up
KILLS_A_PASS = 3
INSTRUCTIONS = {SUBMIT: 26_000, COLLECT: 14_000, RERUN: 40_000}
STEPS = {SUBMIT: 60, COLLECT: 40, RERUN: 12}
TIMER_MS = 400


@dataclass
class Found:
    """What one seed came to: the first differences with their night, and what was lived through."""

    seed: int
    night: int | None = None
    day: date | None = None
    differences: tuple[Difference, ...] = ()
    kills: list[str] = field(default_factory=list)  # night.pass.try: kind at → instruction reached
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_good(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        if self.is_good:
            lived = ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))
            return f"seed {self.seed}: the books agree ({lived})"
        lines = [f"seed {self.seed}, night {self.night} ({self.day}):", *map(str, self.differences[:20])]
        timers = [one for one in self.kills if f" {TIMER} " in one]
        if timers:
            lines.append("timer kills (give back with --replay): " + "; ".join(timers))
        return "\n  ".join(lines)


class BooksDisagreeError(Exception):
    """The books do not agree."""

    def __init__(self, differences: list[Difference]) -> None:
        super().__init__(str(differences[0]))
        self.differences = tuple(differences)


class Year:
    """One seed in its own folder."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        nights: int,
        *,
        longest_jump: int = 1,
        bug: str | None = None,
        timers: bool = False,
        replayed: Mapping[str, int] | None = None,
        rerun_share: float = RERUN_SHARE,
    ) -> None:
        self.folder, self.seed, self.bug, self.timers = folder, seed, bug, timers
        self.replayed, self.rerun_share = replayed or {}, rerun_share
        self.dice = random.Random(f"year {seed}")
        start = _next_month(FIRST_MONTH)
        jumps = [self.dice.randint(1, longest_jump) for _ in range(nights - 1)]
        self.days = [start + timedelta(days=sum(jumps[:count])) for count in range(nights)]
        self.found = Found(seed)

    def live(self) -> Found:
        """All nights, then quiet ones until everybody has finished."""
        self._settle_in()
        try:
            for night, day in enumerate(self.days, start=1):
                self._night(night, day)
            self._finish(len(self.days), self.days[-1])
        except BooksDisagreeError as failed:
            self.found.night, self.found.day = self.night, self.now
            self.found.differences = failed.differences
        return self.found

    def _settle_in(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        last = self.days[-1]
        self.hospital = Hospital.build(self.folder / "hospital", self.seed, FIRST_MONTH, last)
        site = write_site(self.folder, wait=3)
        text = site.read_text(encoding="utf-8").replace("202601", f"{FIRST_MONTH:%Y%m}")
        text += f"unknown_after_days = {self.dice.randint(1, 5)}\n"
        omits = self.dice.random() < 0.5
        text = text.replace("[run]", '[run]\nomitted = "on_demand"') if omits else text
        site.write_text(text, encoding="utf-8")
        self.script = write_script(self.dice)
        self.seen: object = None
        self.people = People(self.dice, self.dice.uniform(0.35, 0.95))
        finding = FINDING if self.rerun_share else 0.0
        self.clerks = Clerks(self.dice, self.folder, self.rerun_share, finding, omits)

    @contextmanager
    def _simulator(self) -> Iterator[HiraSimulator]:
        with HiraSimulator(
            self.folder / "client", script=self.script, seed=self.seed, today=self.now, auto_login=False
        ) as simulator:
            yield simulator

    # -- a night ---------------------------------------------------------------------------------------------

    def _night(self, night: int, day: date, *, is_calm: bool = False) -> None:
        self.night, self.now = night, day
        self.hospital.reach(day - timedelta(days=1))
        with on_day(site_of(self.folder), day), self._simulator() as simulator:
            with self._ledger() as ledger:
                self.people.decide(ledger, simulator)
                returned, followed = audit.list_returned(self.folder), audit.list_followers(self.folder)
                self.people.mend(ledger, self.hospital, day, returned, followed)
            self._claim_again(night, day, is_calm=is_calm)
            self._plan(day)
            is_on = is_calm or self.dice.random() < 0.9
            self._pass(SUBMIT, night, simulator, is_calm=is_calm, is_client_on=is_on)
            self.people.use_the_client(simulator)
            simulator.answer()
            if is_calm or self.dice.random() < 0.85:  # else the notices are fetched a night late
                self._pass(COLLECT, night, simulator, is_calm=is_calm, is_client_on=False)
            with self._ledger() as ledger:
                self._demand(audit.check_night(self.folder, ledger, simulator.books))
            self._demand(check_items(self.folder, simulator.books, self.hospital))
        self.found.counts["nights"] += 1

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        with open_resources(SCHEME) as here:
            yield here.ledger

    def _claim_again(self, night: int, day: date, *, is_calm: bool) -> None:
        """What the clerks correct, find and ask for; a rerun that was killed is asked for again until it ends."""
        asked = 0

        def ask(request: Request) -> list[str]:
            nonlocal asked
            asked += 1
            return self._ask(request, f"{night}.{RERUN}.{asked}", is_calm=is_calm)

        for claim_class, count in self.clerks.work(self.hospital, ask, day, self.people.haste):
            self.found.counts[f"{claim_class} claimed"] += count

    def _ask(self, request: Request, place: str, *, is_calm: bool) -> list[str]:
        """Start one rerun; gives the hospital's keys of what was planned, by whichever process."""
        clean = Pass(RERUN, site_of(self.folder), self.now, asked=request)
        planned: set[str] = set()
        for attempt in range(1, KILLS_A_PASS + 1):
            if is_calm or self.dice.random() < 0.6:
                break
            kill, self.seen = self._draw_kill(RERUN, f"{place}.{attempt}"), None
            (ended,) = run([replace(clean, kill=kill)], _nothing)
            self._take_down(f"{place}.{attempt}", kill, ended)
            if ended.how == "done":
                return self._note(planned, ended)
        if not is_calm and self.dice.random() < 0.1:
            self.found.counts["reruns at once"] += 1
            for ended in run([clean, clean], _nothing):
                self._note(planned, ended)
        ended = run_here(clean, _nothing)
        if ended.how != "done":
            raise BooksDisagreeError([Difference("stuck", place, ended.text)])
        return self._note(planned, ended)

    def _note(self, planned: set[str], ended: Ended) -> list[str]:
        """New batches wait for the night, whatever else it has to do."""
        planned |= set(ended.text.splitlines()) if ended.how == "done" else set()
        self.seen = None if planned else self.seen
        return sorted(planned)

    def _plan(self, day: date) -> None:
        """Extract to pre-check, as the night does; these stages have crash tests of their own."""
        if not self._may_have_work(day):
            return
        check = self.hospital.skip_what_is_sound(tasks.validate.check_shapes)
        with (
            mock.patch.object(tasks.resources, "load_catalogue", return_value=_few_rules()),
            mock.patch.object(tasks.validate, "check_shapes", check),
        ):
            extract.fn(SCHEME, day)
            validate.fn(SCHEME, day)
            while True:
                assemble.fn(SCHEME)
                if not precheck.fn(SCHEME, day).successors:
                    return

    def _may_have_work(self, day: date) -> bool:
        """Whether anything could be taken: a new month, news of the hospital, or statements set free again."""
        free = received = []
        if (self.folder / "ledger.db").exists():
            free = audit.ask(self.folder, audit.FREE)
            received = audit.ask(self.folder, audit.RECEIVED) if self.hospital.slices else []
        before, self.seen = self.seen, (f"{day:%Y%m}", self.hospital.news, free, received)
        return self.seen != before

    def _pass(
        self, what: str, night: int, simulator: HiraSimulator, *, is_calm: bool, is_client_on: bool
    ) -> None:
        """Run one pass until it ends by itself, killing it on the way as the dice say."""
        clean = Pass(what, site_of(self.folder), self.now, bug=self.bug)
        client = (lambda: None) if not is_client_on else (lambda: _examine(simulator))
        for attempt in range(1, KILLS_A_PASS + 1):
            if is_calm or self.dice.random() < 0.45:
                break
            place = f"{night}.{what}.{attempt}"
            kill = self._draw_kill(what, place)
            (ended,) = run([replace(clean, kill=kill)], client)
            self._take_down(place, kill, ended)
            if ended.how == "done":
                return
            if self.dice.random() < 0.5:  # the client works on while the pipeline lies dead
                client()
        if not is_calm and self.dice.random() < 0.15:
            self.found.counts["two at once"] += 1
            endings = run([clean, clean], client)
            if any(one.how == "busy" for one in endings):
                return
        ended = run_here(clean, client) if self.bug is None else run([clean], client)[0]
        if ended.how != "done":
            raise BooksDisagreeError([Difference("stuck", what, ended.text)])

    def _draw_kill(self, what: str, place: str) -> Kill:
        kind = self.dice.choice((INSTRUCTION, INSTRUCTION, STEP, STEP, FAULT, TIMER if self.timers else STEP))
        at_most = {INSTRUCTION: INSTRUCTIONS[what], TIMER: TIMER_MS}.get(kind, STEPS[what])
        at = self.dice.randint(1, at_most)
        if kind == TIMER and place in self.replayed:
            return Kill(INSTRUCTION, self.replayed[place])
        return Kill(kind, at)

    def _take_down(self, place: str, kill: Kill, ended: Ended) -> None:
        self.found.kills.append(f"{place} {kill} → {ended.reached}")
        self.found.counts[f"{ended.how} by {kill.kind}" if ended.how != "done" else "survived"] += 1
        if ended.how == "failed" and kill.kind != FAULT:
            raise BooksDisagreeError([Difference("stuck", place, ended.text)])
        self._demand(audit.check_at_rest(self.folder))

    def _demand(self, differences: Iterator[Difference]) -> None:
        found = list(differences)
        if found:
            raise BooksDisagreeError(found)

    def _finish(self, night: int, last: date) -> None:
        """Quiet nights: everybody is quick, nothing is killed, what was planned comes."""
        self.people.haste = 1.0
        day, open_things = last, [Difference("unfinished", "", "")]
        for calm in range(1, QUIET_NIGHTS + 1):
            if not open_things:
                return
            day = self._next_day(day)
            self._night(night + calm, day, is_calm=True)
            open_things = self._list_open(last)
        if open_things:
            raise BooksDisagreeError(open_things)

    def _next_day(self, day: date) -> date:
        """The next day on which something is to come, at the latest after the days until a sending is unknown."""
        with self._simulator() as simulator:
            due = simulator.books.value("SELECT min(due_on) FROM plan WHERE done_on IS NULL")
        planned = date.fromisoformat(due) if due else date.max
        return min(max(planned, day + timedelta(days=1)), day + timedelta(days=LONGEST_CALM))

    def _list_open(self, last: date) -> list[Difference]:
        with on_day(site_of(self.folder), self.now), self._simulator() as simulator, self._ledger() as ledger:
            free = self.hospital.reviewed(f"{last:%Y%m}")
            self.found.counts["claims"] = len(ledger.claims(SCHEME))
            self.found.counts["statements"] = len(free)
            lost = list(check_found_late(self.folder, simulator.books, self.hospital))
            self.clerks.remind([one.place for one in lost])
            return [*audit.check_end(self.folder, simulator.books, free), *lost]


def _nothing() -> None:
    pass


def _examine(simulator: HiraSimulator) -> None:
    simulator.examine()


@cache
def _few_rules() -> Catalogue:
    catalogue = load_catalogue(SCHEMES[SCHEME].checks.rule_folders)
    return replace(catalogue, rules=tuple(rule for rule in catalogue.rules if rule.id in RULES))


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def live_few(
    folder: Path, seed: int, bug: str | None = None, *, timers: bool = False, rerun_share: float = RERUN_SHARE
) -> Found:
    """A few nights of one seed, as the ordinary tests live them."""
    year = Year(
        folder, seed, FEW_NIGHTS, longest_jump=FEW_JUMP, bug=bug, timers=timers, rerun_share=rerun_share
    )
    return year.live()
