"""The pre-check (사전점검): a scheme's rule catalogue, run over the files of one claim before they leave."""

from cheonggu.precheck.catalogue import load_catalogue
from cheonggu.precheck.engine import CheckResult, check, claim_row
from cheonggu.precheck.model import Catalogue, Rule

__all__ = ["Catalogue", "CheckResult", "Rule", "check", "claim_row", "load_catalogue"]
