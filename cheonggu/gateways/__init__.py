"""Gateways by name: the ways a claim leaves and answers come in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cheonggu.errors import UsageError
from cheonggu.gateways.base import Examined, Gateway, Place
from cheonggu.gateways.hira_client import HiraClient
from cheonggu.gateways.school_portal import SchoolPortal

GATEWAYS: dict[str, Callable[[Mapping[str, Any]], Gateway]] = {
    HiraClient.name: lambda settings: HiraClient(settings["folder"]),
    SchoolPortal.name: lambda settings: SchoolPortal(settings["folder"]),
}

__all__ = ["GATEWAYS", "Examined", "Gateway", "Place", "open_gateway"]


def open_gateway(name: str, settings: Mapping[str, Any] | None) -> Gateway:
    """The gateway of that name; UsageError when the site file does not configure it."""
    if settings is None or "folder" not in settings:
        raise UsageError(
            f"The site file has no [gateway.{name}] with a folder.",
            f"설정 파일에 [gateway.{name}]의 folder가 없습니다.",
        )
    return GATEWAYS[name](settings)
