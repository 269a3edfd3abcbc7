"""Check any claim set (청구 파일), ours or another program's: its structure, then every rule that needs no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu import findings
from cheonggu.formats.claim_check import check_structure
from cheonggu.formats.recognise import recognise
from cheonggu.precheck import check, load_catalogue
from cheonggu.schemes.hira.data import HOME, LAYOUTS
from cheonggu.schemes.hira.precheck_inputs import foreign_tables

RULES = HOME / "rules" / "precheck"
NO_HEADER = "the claim header cannot be read"
STRUCTURE_RULES = "FILE-"  # the structure check reports these itself, line by line


@dataclass(frozen=True)
class SetCheck:
    """``not_checked``: (rule id, reason) of every rule the files alone cannot decide."""

    findings: pa.Table
    not_checked: tuple[tuple[str, str], ...]


def check_files(paths: list[Path], on: date, kind: str | None = None) -> SetCheck:
    """Findings of the structure, and of every rule that can be decided from the files.

    ``on`` is the day the set would be handed off. A broken record does not keep the others from being checked; only a
    set whose kind or header cannot be read has its structure checked alone. Rules that need rosters, masters or the
    past are named in ``not_checked``: another program's set comes without them.
    """
    structure = check_structure(paths, LAYOUTS, kind=kind)
    tables = foreign_tables(paths, kind) if recognise(paths, LAYOUTS, kind).kind else {}
    catalogue = load_catalogue([RULES])
    if not tables:
        return SetCheck(structure, tuple((one.id, NO_HEADER) for one in catalogue.rules))
    result = check(catalogue, tables, on=on)
    ruled = result.findings.filter(pc.invert(pc.starts_with(result.findings["rule_id"], STRUCTURE_RULES)))
    return SetCheck(findings.concat([structure, ruled]), result.not_checked)
