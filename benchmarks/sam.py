"""Claim files written and read: the obvious way, pandas, ours, and what the machine can do at all.

``python -m benchmarks.sam --statements 100000``: one process, the same claim for everybody, every measure taken
``--repeat`` times in turn (so that a busy minute hits all of them), wall time as minimum, median and maximum. The
row-by-row programs get their rows as ready tuples and pandas a file per record: making those is not counted.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import io
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.sam_data import KIND, chunks, make_claim
from benchmarks.sam_rows import as_rows, read_rows, write_rows
from cheonggu.formats import fixed_width
from cheonggu.formats.chunk_encoder import ChunkEncoder
from cheonggu.formats.claim_set import read_set, write_set
from cheonggu.layouts import Layout, LayoutCatalogue

LAYOUTS = Path(__file__).parent.parent / "cheonggu" / "schemes" / "hira" / "layouts"
CHUNK_STATEMENTS = 20_000


@dataclass
class Measure:
    """``seconds``: wall time of each run."""

    name: str
    run: Callable[[], object]
    seconds: list[float] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return median(self.seconds)


@dataclass(frozen=True)
class Bar:
    """A ratio of two medians that has to be at least, or at most, ``limit``."""

    meaning: str
    over: str
    under: str
    limit: float
    is_least: bool

    def line(self, measures: dict[str, Measure]) -> str:
        ratio = measures[self.over].middle / measures[self.under].middle
        is_kept = ratio >= self.limit if self.is_least else ratio <= self.limit
        sign = "≥" if self.is_least else "≤"
        return f"{'kept  ' if is_kept else 'MISSED'}  {ratio:6.1f} ×   {sign} {self.limit:>4.0f}   {self.meaning}"


BARS = (
    Bar("writing against the row-by-row f-string writer", "write: rows", "write: ours", 12, True),
    Bar("writing against memcpy of the same bytes", "write: ours", "memcpy", 15, False),
    Bar("streaming to disk against bare write + fsync", "disk: ours", "disk: write + fsync", 3, False),
    Bar("reading against row slices", "read: rows", "read: ours", 20, True),
)


class Bench:
    """The claim in every shape that a measure needs."""

    def __init__(self, statements: int, folder: Path) -> None:
        self.folder = folder
        self.catalogue = LayoutCatalogue.from_folder(LAYOUTS)
        self.layouts = {layout.record: layout for layout in self.catalogue.records(KIND)}
        self.tables = make_claim(self.catalogue, statements)
        self.chunks = chunks(self.tables, CHUNK_STATEMENTS)
        self.rows = {record: self._tuples(record) for record in self.layouts}
        written = write_set(
            folder / "set", self.catalogue, KIND, self.tables["H"], self.chunks, title="bench"
        )
        assert not len(written.findings), written.findings.to_pylist()[:3]
        self.path = folder / "set" / written.files[0].name
        self.data = self.path.read_bytes()
        self.records = written.files[0].records
        self.bytes = np.frombuffer(self.data, np.uint8)
        self.copy = np.empty_like(self.bytes)
        self.streams = self._streams()

    def _tuples(self, record: str) -> list[tuple[Any, ...]]:
        """Rows as a row-by-row program holds them; what is written as spaces is "" there."""
        layout = self.layouts[record]
        decoded = fixed_width.decode_matrix(fixed_width.encode(self.tables[record], layout).matrix, layout)
        columns = [
            ["" if value is None else value for value in decoded[one.name].to_pylist()]
            for one in layout.fields
        ]
        return as_rows(columns)

    def _streams(self) -> dict[str, str]:
        """The records of each kind as text that has one character per byte: what pandas can cut by position."""
        lines: dict[str, list[bytes]] = {record: [] for record in self.layouts if record != "H"}
        for line in self.data.split(b"\r\n")[1:-1]:
            lines[chr(line[15])].append(line)
        return {record: b"\n".join(found).decode("latin-1") for record, found in lines.items()}

    def measures(self, with_pandas: bool) -> list[Measure]:
        found = [
            Measure("write: rows", lambda: write_rows(self.layouts, self.rows)),
            Measure("write: ours", self.write_ours),
            Measure("memcpy", lambda: np.copyto(self.copy, self.bytes)),
            Measure("disk: ours", self.disk_ours),
            Measure("disk: write + fsync", self.disk_bare),
            Measure("sha256", lambda: hashlib.sha256(self.data).digest()),
            Measure("read: rows", lambda: read_rows(self.path, self.layouts)),
            Measure("read: ours", lambda: read_set(self.path, self.catalogue)),
        ]
        if with_pandas:
            found.append(Measure("read: pandas read_fwf", self.read_pandas))
        return found

    def write_ours(self) -> int:
        encoder = ChunkEncoder(self.catalogue, KIND, self.tables["H"])
        size = encoder.encode_header().nbytes
        for chunk in self.chunks:
            size += sum(data.nbytes for data, _ in encoder.encode_chunk(chunk).values())
        assert not encoder.problems
        return size

    def disk_ours(self) -> None:
        write_set(self.folder / "out", self.catalogue, KIND, self.tables["H"], self.chunks, title="bench")

    def disk_bare(self) -> None:
        with (self.folder / "bare").open("wb", buffering=0) as stream:
            view = memoryview(self.data)
            while view:
                view = view[stream.write(view) :]
            os.fsync(stream.fileno())

    def read_pandas(self) -> int:
        return sum(len(read_fwf(text, self.layouts[record])) for record, text in self.streams.items())

    def prove(self) -> None:
        """All writers give the same bytes, all readers the same values."""
        assert write_rows(self.layouts, self.rows) == self.data
        ours, theirs = read_set(self.path, self.catalogue).tables, read_rows(self.path, self.layouts)
        for record, layout in self.layouts.items():
            mine = list(zip(*(column.to_pylist() for column in ours[record].columns), strict=True))
            assert mine == theirs[record], record
            assert pa.concat_tables([ours[record]]).num_rows == len(self.rows[record]), layout.record


def read_fwf(text: str, layout: Layout) -> pd.DataFrame:
    """One record kind by pandas, as text; Hangul and numbers would still have to be made of it."""
    places = [(one.start - 1, one.end) for one in layout.fields]
    return pd.read_fwf(io.StringIO(text), colspecs=places, names=list(layout.names), header=None, dtype=str)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--without-pandas", action="store_true", help="leave out its half minute per run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cheonggu-bench-") as folder:
        bench = Bench(arguments.statements, Path(folder))
        bench.prove()
        measures = bench.measures(not arguments.without_pandas)
        for _ in range(arguments.repeat):
            for one in measures:
                take(one)
        print(report(bench, measures, arguments.statements, arguments.repeat))


def take(measure: Measure) -> None:
    """One run, with the collector out of the way: rows by the million are not to be walked again and again."""
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    result = measure.run()
    measure.seconds.append(time.perf_counter() - start)
    del result
    gc.enable()


def report(bench: Bench, measures: list[Measure], statements: int, repeat: int) -> str:
    size = len(bench.data) / 1e6
    lines = [
        f"{statements:,} statements, {bench.records:,} records, {size:,.0f} MB; {repeat} runs each, one process,"
        f" {os.cpu_count()} processors",
        "",
        f"{'':<24}{'min':>9}{'median':>9}{'max':>9} s{'MB/s':>9}",
    ]
    lines += [
        f"{one.name:<24}{min(one.seconds):>9.3f}{one.middle:>9.3f}{max(one.seconds):>9.3f}  {size / one.middle:>9,.0f}"
        for one in measures
    ]
    by_name = {one.name: one for one in measures}
    return "\n".join([*lines, "", "bars (ratios of the medians)", *(bar.line(by_name) for bar in BARS)])


if __name__ == "__main__":
    main()
