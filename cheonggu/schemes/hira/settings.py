"""The tables of the site file this scheme reads, looked at before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cheonggu.schemes.hira.amounts_policy import read_policy
from cheonggu.schemes.hira.roster_sheet import therapists_alone


def check_settings(settings: Mapping[str, Any]) -> None:
    """UsageError or DataFileError for the first odd entry of ``[amounts]`` or ``[rosters]``."""
    read_policy(settings, provider_code="")
    therapists_alone(settings)
