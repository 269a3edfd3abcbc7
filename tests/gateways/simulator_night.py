"""One claim sent under a script, and all that the simulated HIRA answers in ninety days."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.notices import Notice
from cheonggu.schemes.hira.notices import parse
from tests.gateways.simulator_sets import Visit, make_set, place, visits

TODAY = date(2026, 6, 3)
QUIET = "[rates]\nadjusted = 0\nimpossible = 0\n"


class Night:
    """One claim sent under a script, and all that came back in ninety days."""

    def __init__(
        self,
        client: Path,
        *rules: str,
        statements: list[Visit] | None = None,
        timing: dict[str, int] | None = None,
        **header: Any,
    ) -> None:
        self.client = client
        days = "".join(f"{name} = {count}\n" for name, count in (timing or {}).items())
        self.script = QUIET + f"[timing]\n{days}" + "".join(f"[[rule]]\n{rule}\n" for rule in rules)
        place(client, make_set(statements or visits(4, prescription="2026051000001"), **header))
        self.step(TODAY)

    def step(self, day: date) -> None:
        with HiraSimulator(self.client, script=self.script, seed=1, today=day) as simulator:
            simulator.step()
            self.status = simulator.status(with_statements=True)

    def days(self) -> Night:
        """Every day on which a default plan falls due."""
        for day in (1, 8, 15, 22, 30, 60, 90):
            self.step(TODAY + timedelta(days=day))
        return self

    @property
    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.client / "out").glob("*.xml"))}

    @property
    def notices(self) -> list[Notice]:
        return [parse(raw) for raw in self.files.values()]

    @property
    def kinds(self) -> list[str]:
        return [one.kind for one in self.notices]

    @property
    def claim(self) -> dict[str, Any]:
        (claim,) = self.status["claims"]
        return dict(claim)

    def review(self, number: int = 0) -> Any:
        return [one.review for one in self.notices if one.review is not None][number]
