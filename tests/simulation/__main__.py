"""``python -m tests.simulation --nights 365 --seed 1``: live through many nights and say whether the books agree.

Exit code 0 when they do, 1 with seed, night and differences when they do not. See docs/simulation.md.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from tests.simulation.bugs import BUGS
from tests.simulation.year import Year


def main() -> int:
    given = _parser().parse_args()
    logging.disable(logging.WARNING)
    root = Path(given.dir) if given.dir else Path(tempfile.mkdtemp(prefix="cheonggu-simulation-"))
    replayed = dict(_read_kill(one) for one in given.replay)
    good = True
    for seed in range(given.seed, given.seed + given.seeds):
        year = Year(
            root / f"seed-{seed}",
            seed,
            given.nights,
            longest_jump=given.jump,
            bug=given.bug,
            timers=not given.no_timers,
            replayed=replayed,
        )
        found = year.live()
        good = good and found.is_good
        print(found, flush=True)
        if not found.is_good:
            print(f"  the folder stands at {year.folder}; replay: {_command(given, seed)}", flush=True)
    return 0 if good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--nights", type=int, default=365, help="nights with kills; quiet ones follow")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, from --seed on")
    parser.add_argument("--jump", type=int, default=1, help="at most so many days from one night to the next")
    parser.add_argument("--dir", help="where the folders of the seeds go (default: a temporary one)")
    parser.add_argument("--bug", choices=sorted(BUGS), help="plant a bug: the books must then disagree")
    parser.add_argument("--no-timers", action="store_true", help="only kills that the seed alone decides")
    parser.add_argument(
        "--replay",
        nargs="*",
        default=[],
        metavar="PLACE=INSTRUCTION",
        help="timer kills as a failed run listed them, such as 12.submit.1=5311",
    )
    return parser


def _read_kill(text: str) -> tuple[str, int]:
    place, _, instruction = text.partition("=")
    return place, int(instruction)


def _command(given: argparse.Namespace, seed: int) -> str:
    bug = f" --bug {given.bug}" if given.bug else ""
    return f"python -m tests.simulation --nights {given.nights} --jump {given.jump} --seed {seed}{bug}"


if __name__ == "__main__":
    sys.exit(main())
