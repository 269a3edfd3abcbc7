"""The pre-check (사전점검): a scheme's rule catalogue, run over the files of one claim before they leave."""

from pathlib import Path

from cheonggu.precheck.catalogue import load_catalogue, read_rules
from cheonggu.precheck.engine import WAIVED, Checker, CheckResult, check, claim_row
from cheonggu.precheck.model import Catalogue, Rule
from cheonggu.precheck.pool import map_checked

SHARED_RULES = Path(__file__).parent / "rules"  # rules that any scheme may take beside its own

__all__ = [
    "SHARED_RULES",
    "WAIVED",
    "Catalogue",
    "CheckResult",
    "Checker",
    "Rule",
    "check",
    "claim_row",
    "load_catalogue",
    "map_checked",
    "read_rules",
]
