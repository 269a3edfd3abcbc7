"""``cheonggu bench`` runs what stands in ``benchmarks/`` and says what it cannot run."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cheonggu.cli import app
from cheonggu.commands import bench
from cheonggu.commands.bench import MEASURED
from cheonggu.errors import UsageError

RUN = CliRunner()
PROGRAM = "import sys; print(sys.argv[1:]); sys.exit({code})"


def make(folder: Path, monkeypatch: pytest.MonkeyPatch, **codes: int) -> None:
    (folder / "benchmarks").mkdir()
    for name, code in codes.items():
        (folder / "benchmarks" / f"{name}.py").write_text(PROGRAM.format(code=code), encoding="utf-8")
    monkeypatch.setattr(bench, "ROOT", folder)


def test_every_measurement_stands_in_the_source_tree() -> None:
    assert [name for name in MEASURED if not (bench.ROOT / "benchmarks" / f"{name}.py").is_file()] == []


def test_all_of_them_run_with_the_size_asked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, monkeypatch, **dict.fromkeys(MEASURED, 0))
    result = RUN.invoke(app, ["bench", "--statements", "5000"])
    assert result.exit_code == 0
    assert capfd.readouterr().out.count("['--statements', '5000']") == len(MEASURED)


def test_one_that_fails_is_named_and_the_others_still_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, monkeypatch, **dict.fromkeys(MEASURED, 0) | {"amounts": 1})
    result = RUN.invoke(app, ["bench"])
    assert result.exit_code == 1
    assert result.output.count("==") == len(MEASURED)
    assert "failed: amounts" in result.output


def test_an_unknown_one_and_an_installation_without_them_are_usage_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = RUN.invoke(app, ["bench", "--only", "coffee"])
    assert isinstance(unknown.exception, UsageError)
    assert "sam, amounts, precheck, night" in unknown.exception.en
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    missing = RUN.invoke(app, ["bench"])
    assert isinstance(missing.exception, UsageError)
    assert "clone" in (missing.exception.fix_en or "")
