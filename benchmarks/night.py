"""A whole night measured, stage by stage, at several sizes: does time grow with the statements, and does memory not?

``python -m benchmarks.night --statements 20000 100000``: for each size a made-up hospital is built (not counted), the
simulated counterpart starts as a process of its own, and one fresh process runs extract, validate, assemble and
pre-check until no claim loses a statement any more, submit, record, and collects until everything is answered. The
stages are those of the flows; what Prefect keeps of them (task runs, artifacts) is left out. CPU seconds are those of
that process, peak memory is what each stage reached (``VmHWM``, set back before it). ``--source parquet`` or
``--postgresql URL`` (an empty database) take the source from elsewhere, ``--ledger URL`` keeps the ledger elsewhere;
``--profile`` prints what was dearest in each stage. ``--digest`` prints a hash over all files
of all batches, to see that a change left every byte as it was.
"""

from __future__ import annotations

import argparse
import cProfile
import hashlib
import io
import json
import os
import pstats
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tasks.nightly
import tasks.record
from cheonggu.schemes import SCHEMES
from cheonggu.site import BATCHES, SITE_VARIABLE
from cheonggu.sources.sample import AS_OF, build_sample
from tasks.assemble import assemble
from tasks.collect import collect
from tasks.extract import extract
from tasks.precheck import precheck
from tasks.record import record
from tasks.resources import open_resources
from tasks.submit import submit
from tasks.validate import validate

SCHEME = SCHEMES["hira"]
SITE = """[source]
url = "{source}"
[ledger]
url = "{ledger}"
[data]
folder = "data"
[key]
file = "ledger.key"
[run]
first_care_month = "202601"
[gateway.hira_client]
folder = "client"
wait_seconds = 3600
"""
STAGES = ("extract", "validate", "assemble", "precheck", "submit", "record", "collect")
MOST_GIB = 4.0
PROFILE_LINES = 25


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a whole night.")
    parser.add_argument("--statements", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--source", choices=("sqlite", "parquet"), default="sqlite")
    parser.add_argument("--postgresql", help="URL of an empty database for the source")
    parser.add_argument("--ledger", default="sqlite:///ledger.db")
    parser.add_argument("--dir", type=Path, help="keep sources and nights here (default: a temporary folder)")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--digest", action="store_true")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one, options.profile)
        return
    root = options.dir or Path(tempfile.mkdtemp(prefix="cheonggu-night-"))
    try:
        taken = [measure(root, count, options) for count in options.statements]
    finally:
        if options.dir is None:
            shutil.rmtree(root)
    show_growth(options.statements, taken)


def measure(root: Path, count: int, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """One night of ``count`` statements in a process of its own; prints its table, gives stage → measures."""
    folder = root / f"night-{count}"
    source = prepare(root / f"hospital-{count}-{options.source}", count, options)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "client").mkdir(parents=True)
    (folder / "ledger.key").touch(mode=0o600)
    (folder / "ledger.key").write_text(secrets.token_hex(32), encoding="ascii")
    (folder / "site.toml").write_text(SITE.format(source=source, ledger=options.ledger), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.night", "--one", str(folder)]
    with counterpart(folder / "client"):
        subprocess.run(command + ["--profile"] * options.profile, check=True)
    stages: dict[str, dict[str, float]] = json.loads((folder / "measured.json").read_text(encoding="ascii"))
    show(count, stages)
    if options.digest:
        print(f"digest {digest_night(folder)}")
    return stages


def prepare(folder: Path, count: int, options: argparse.Namespace) -> str:
    """The source's URL; a hospital that stands already in a kept folder is used again."""
    made = folder / "expected.json"
    url = f"sqlite:///{folder}/hospital.db" if options.source == "sqlite" else f"parquet:///{folder}/hospital"
    if not made.exists():
        url = build_sample(folder, statements=count, as_of=AS_OF, format=options.source).url
    if options.postgresql:
        from tests.support import load_postgresql

        return load_postgresql(folder, options.postgresql)
    return url


@contextmanager
def counterpart(folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "cheonggu.cli", "simulate", "hira", "--folder", str(folder), "--watch"]
    process = subprocess.Popen([*command, "--seed", "1", "--today", AS_OF.isoformat()])
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def run_one(folder: Path, is_profiled: bool) -> None:
    """The night itself; leaves ``measured.json`` in its folder."""
    os.environ[SITE_VARIABLE] = str(folder / "site.toml")
    for module in (tasks.record, tasks.nightly):  # what Prefect would keep is not ours to measure
        module.create_table_artifact = lambda **_: None  # type: ignore[attr-defined]
    tasks.nightly.emit_event = lambda **_: None  # type: ignore[attr-defined, assignment]
    sums = Stages(is_profiled)
    found = sums.take("extract", lambda: extract.fn(SCHEME.name, AS_OF))
    sums.take("validate", lambda: validate.fn(SCHEME.name, AS_OF))
    while True:
        sums.take("assemble", lambda: assemble.fn(SCHEME.name))
        if not sums.take("precheck", lambda: precheck.fn(SCHEME.name, AS_OF)).successors:
            break
    sent = sums.take("submit", lambda: submit.fn(SCHEME.name))
    sums.take("record", lambda: record.fn(SCHEME.name, AS_OF))
    while True:
        sums.take("collect", lambda: collect.fn(SCHEME.name))
        with open_resources(SCHEME.name) as here:
            claims = here.ledger.claims(SCHEME.name)
        if not any(str(one.state) in SCHEME.rehearsal.under_way for one in claims):
            break
        time.sleep(0.5)
    sums.take("record", lambda: record.fn(SCHEME.name, AS_OF))
    assert not sent.waiting, sent.why_waiting
    assert not sent.refused, sent.refused
    sums.measured["night"] = {"statements": found.statements, "claims": len(claims)}
    (folder / "measured.json").write_text(json.dumps(sums.measured), encoding="ascii")


class Stages:
    """CPU and wall seconds of each stage, added up, and the most memory (MiB) it reached."""

    def __init__(self, is_profiled: bool) -> None:
        self.measured: dict[str, dict[str, float]] = {}
        self.is_profiled = is_profiled

    def take(self, name: str, run: Callable[[], Any]) -> Any:
        profile = cProfile.Profile() if self.is_profiled else None
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # VmHWM begins anew
        wall, cpu = time.perf_counter(), time.process_time()
        result = run() if profile is None else profile.runcall(run)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        one = self.measured.setdefault(name, {"cpu": 0.0, "wall": 0.0, "peak": 0.0})
        one["cpu"] += cpu
        one["wall"] += wall
        one["peak"] = max(one["peak"], memory("VmHWM"))
        one["kept"] = memory("VmRSS")
        if cpu > 1:
            print(f"  {name:9} {cpu:8.1f} s CPU {wall:8.1f} s wall {memory('VmHWM'):8.0f} MiB", flush=True)
        if profile is not None and cpu > 1:
            text = io.StringIO()
            pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(PROFILE_LINES)
            print(text.getvalue(), flush=True)
        return result


def memory(name: str) -> float:
    """MiB of a line of ``/proc/self/status``."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{name}:")[1].split()[0]) / 1024


def show(count: int, measured: dict[str, dict[str, float]]) -> None:
    night = measured["night"]
    print(f"\n{count:,} statements, {night['statements']:,.0f} extracted, {night['claims']:,.0f} claims")
    print(f"{'stage':10} {'CPU s':>8} {'wall s':>8} {'peak MiB':>9} {'kept MiB':>9} {'statements/CPU s':>17}")
    for name in STAGES:
        one = measured[name]
        print(
            f"{name:10} {one['cpu']:8.1f} {one['wall']:8.1f} {one['peak']:9.0f} {one['kept']:9.0f}"
            f" {night['statements'] / max(one['cpu'], 0.01):17,.0f}"
        )
    cpu, wall = (sum(measured[name][what] for name in STAGES) for what in ("cpu", "wall"))
    peak = max(measured[name]["peak"] for name in STAGES)
    print(f"{'all':10} {cpu:8.1f} {wall:8.1f} {peak:9.0f} {'':9} {night['statements'] / cpu:17,.0f}")
    print(f"peak at most {MOST_GIB} GiB: {'yes' if peak / 1024 <= MOST_GIB else 'NO'}", flush=True)


def show_growth(counts: list[int], taken: list[dict[str, dict[str, float]]]) -> None:
    """How the CPU seconds of a statement grow from size to size: 1.0 is linear."""
    for smaller, larger, few, many in zip(counts, counts[1:], taken, taken[1:], strict=False):
        ratio = many["night"]["statements"] / few["night"]["statements"]
        parts = [f"{name} {many[name]['cpu'] / max(few[name]['cpu'], 0.01) / ratio:.2f}" for name in STAGES]
        print(f"CPU per statement, {larger:,} against {smaller:,}: {', '.join(parts)}")
        peaks = [f"{name} {many[name]['peak'] / few[name]['peak']:.2f}" for name in STAGES]
        print(f"peak memory, {larger:,} against {smaller:,} ({ratio:.1f} times): {', '.join(peaks)}")


def digest_night(folder: Path) -> str:
    """One hash over the names and bytes of every file of every batch."""
    whole = hashlib.sha256()
    batches = folder / "data" / SCHEME.name / BATCHES
    for path in sorted(one for one in batches.rglob("*") if one.is_file()):
        name = path.relative_to(folder).as_posix()
        with path.open("rb") as stream:
            whole.update(f"{name} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


if __name__ == "__main__":
    main()
