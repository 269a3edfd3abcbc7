"""Memory does not grow with the file: a claim many times longer is streamed in the same room."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cheonggu.formats.claim_set import write_set
from tests.formats.sam_samples import CATALOGUE, claim, parts

# Reads a set in a process of its own and prints records and peak memory (VmHWM; ru_maxrss counts the parent too).
PROGRAM = """
import sys
from pathlib import Path
from cheonggu.formats import ndjson
from cheonggu.formats.claim_set import iter_set
from cheonggu.layouts import LayoutCatalogue
catalogue = LayoutCatalogue.from_folder(Path(sys.argv[1]))
paths = [Path(sys.argv[2])]
if sys.argv[3] == "iterate":
    count = sum(table.num_rows for chunk in iter_set(paths, catalogue) for table in chunk.values())
else:
    pieces = ndjson.decode_set(paths, catalogue)
    count = sum(piece.count(b"\\n") - piece.count(b'"record":"FILE"') for piece in pieces)
status = Path("/proc/self/status").read_text()
print(count, status.split("VmHWM:")[1].split()[0])
"""
LAYOUTS = Path(__file__).parent.parent.parent / "cheonggu" / "schemes" / "hira" / "layouts"
MEGABYTE = 1 << 20


def long_claim(path: Path, size: int) -> int:
    """A combined file of about ``size`` bytes: the statements of a small claim again and again. Returns the records."""
    tables = claim("medical_dental", statements=200)
    folder = path.parent / "small"
    write_set(folder, CATALOGUE, "medical_dental", tables["H"], [parts(tables)], title="T")
    header, rest = next(folder.glob("*.GHP")).read_bytes().split(b"\r\n", 1)
    times = max(1, size // len(rest))
    with path.open("wb") as stream:
        stream.write(header + b"\r\n")
        for _ in range(times):
            stream.write(rest)
    return 1 + times * rest.count(b"\r\n")


def peak(path: Path, task: str) -> tuple[int, int]:
    """Records seen and the peak memory in MiB of a fresh process."""
    command = [sys.executable, "-c", PROGRAM, str(LAYOUTS), str(path), task]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    count, kilobytes = map(int, result.stdout.split())
    return count, kilobytes // 1024


@pytest.mark.long
@pytest.mark.parametrize("task", ["iterate", "decode"])
def test_a_longer_file_needs_no_more_memory(task: str, tmp_path: Path) -> None:
    long_claim(tmp_path / "short.GHP", 100 * MEGABYTE)
    records = long_claim(tmp_path / "long.GHP", 250 * MEGABYTE)
    _, before = peak(tmp_path / "short.GHP", task)
    count, after = peak(tmp_path / "long.GHP", task)
    assert count == records
    assert after < before + 60
    assert after < 600


@pytest.mark.long
@pytest.mark.parametrize("task", ["iterate", "decode"])
def test_five_gigabytes_are_decoded_in_less_than_one_gibibyte(task: str, tmp_path: Path) -> None:
    records = long_claim(tmp_path / "claim.GHP", 5 * 1000**3)
    assert (tmp_path / "claim.GHP").stat().st_size > 4.9 * 1000**3
    count, mebibytes = peak(tmp_path / "claim.GHP", task)
    assert count == records
    assert mebibytes < 1024
