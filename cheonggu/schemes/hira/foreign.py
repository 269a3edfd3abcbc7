"""Check any claim set (청구 파일), ours or another program's: its structure, then every rule that needs no more."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu import findings
from cheonggu.formats.claim_check import check_structure
from cheonggu.precheck import check, load_catalogue
from cheonggu.schemes.hira.data import HOME, LAYOUTS
from cheonggu.schemes.hira.precheck_inputs import foreign_tables

RULES = HOME / "rules" / "precheck"
STRUCTURE_RULES = "FILE-"  # the structure check reports these itself, line by line


def check_files(paths: list[Path], on: date, kind: str | None = None) -> pa.Table:
    """Findings of structure and, where the structure is sound, of the rule catalogue.

    ``on`` is the day the set would be handed off. Rules that need rosters or the past are left out: another
    program's set comes without them.
    """
    structure = check_structure(paths, LAYOUTS, kind=kind)
    if len(findings.errors_only(structure)):
        return structure
    found = check(load_catalogue([RULES]), foreign_tables(paths, kind), on=on).findings
    ruled = found.filter(pc.invert(pc.starts_with(found["rule_id"], STRUCTURE_RULES)))
    return findings.concat([structure, ruled])
