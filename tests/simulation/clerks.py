"""Those who claim again (재청구): they correct, find items left out, and ask for reruns, late and sometimes wrongly.

What they ask goes through the product's own ``start_rerun`` in a process that may die; they ask again until it ends.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cheonggu.reruns import Request
from tests.simulation import audit
from tests.simulation.hospital import Hospital

MOST_FINDS = 2  # items found late in one night
Ask = Callable[[Request], list[str]]


@dataclass
class Clerks:
    """``correcting``: share of the impossible statements corrected in a night; ``finding``: how often items turn up.

    ``omits``: whether statements that missed their month wait for them (``[run] omitted = "on_demand"``).
    """

    dice: random.Random
    folder: Path
    correcting: float
    finding: float
    omits: bool
    unasked: set[tuple[str, str]] = field(default_factory=set)  # provider and statement of items found late

    def work(self, hospital: Hospital, ask: Ask, day: date, haste: float) -> Iterator[tuple[str, int]]:
        """One evening; gives what was claimed again, by class and count."""
        if not (self.folder / "ledger.db").exists():
            return
        yield "supplementary", self._supplement(hospital, ask, day)
        self._find_items(hospital, day, haste)
        yield "additional", self._add(ask, day, haste)
        for claim_class in ("omitted", "split") if self.omits else ("split",):
            if self.dice.random() < haste / 8 or haste == 1.0:
                yield claim_class, self._take_late(hospital, ask, claim_class, day, haste)

    def _supplement(self, hospital: Hospital, ask: Ask, day: date) -> int:
        impossible = audit.ask(self.folder, audit.IMPOSSIBLE)
        chosen = [(provider, key) for provider, key in impossible if self.dice.random() < self.correcting]
        hospital.correct([key for _, key in chosen], day)
        providers = sorted({one for one, _ in chosen})
        return sum(len(ask(Request("supplementary", provider, day))) for provider in providers)

    def _find_items(self, hospital: Hospital, day: date, haste: float) -> None:
        """Items left out of statements that were decided; nobody looks any more in the quiet nights at the end."""
        if haste == 1.0 or self.dice.random() >= self.finding:
            return
        decided = audit.ask(self.folder, audit.DECIDED)
        for provider, key in self.dice.sample(decided, min(len(decided), self.dice.randint(1, MOST_FINDS))):
            hospital.find_item(key, day)
            self.unasked.add((provider, key))

    def _add(self, ask: Ask, day: date, haste: float) -> int:
        self.unasked |= {(provider, key) for provider, key in audit.ask(self.folder, audit.WAITING_ADDITIONS)}
        if not self.unasked or self.dice.random() >= haste:
            return 0
        asked = 0
        for provider in sorted({one for one, _ in self.unasked}):
            keys = sorted(key for one, key in self.unasked if one == provider)
            request = self._ask_additional(provider, keys, day, haste)
            planned = ask(request)
            if request.receipt_nos:  # a number read wrongly: asked again another day
                continue
            under_way = {key for (key,) in audit.ask(self.folder, audit.UNDER_WAY_ADDITIONS)}
            self.unasked -= {(provider, key) for key in keys if key in planned or key not in under_way}
            asked += len(planned)
        return asked

    def remind(self, keys: list[str]) -> None:
        """What somebody noticed to be still missing."""
        mine = [(key, provider) for key, provider in audit.ask(self.folder, audit.OWNERS) if key in keys]
        self.unasked |= {(provider, key) for key, provider in mine}

    def _ask_additional(self, provider: str, keys: list[str], day: date, haste: float) -> Request:
        """All that is ready, statements by name, or by a receipt number that may be mistyped."""
        way = self.dice.choice(("named", "named", "all", "mistyped"))
        if way == "named":
            return Request("additional", provider, day, statement_keys=tuple(keys))
        if way == "mistyped" and haste < 1.0:
            return Request(
                "additional", provider, day, receipt_nos=(f"{self.dice.randint(0, 9_999_999):07d}",)
            )
        return Request("additional", provider, day)

    def _take_late(self, hospital: Hospital, ask: Ask, claim_class: str, day: date, haste: float) -> int:
        """In the quiet nights at the end nobody asks in vain any more."""
        providers = {one for (one,) in audit.ask(self.folder, audit.PROVIDERS)}
        if haste == 1.0:
            providers &= hospital.holders({key for (key,) in audit.ask(self.folder, audit.STATEMENTS)})
        return sum(len(ask(Request(claim_class, provider, day))) for provider in sorted(providers))
