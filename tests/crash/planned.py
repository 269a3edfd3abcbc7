"""Plans the rules when it is imported: for the process that every night of the crash tests is forked from."""

from __future__ import annotations

from cheonggu.precheck import load_catalogue
from cheonggu.schemes import SCHEMES
from tests.crash.night_driver import SCHEME

load_catalogue(SCHEMES[SCHEME].checks.rule_folders)
