"""Notification gateways (알림 발송): one message to one person, by a relay that watches a folder.

The contract: ``send`` hands one message over under a key and gives the relay's reference; sending the same key again
hands nothing over twice, wherever the message is by then. A message holds names: its file is readable by its owner
only, and no part of it is ever logged.

``message_files`` writes ``outgoing/<key>.sms.json`` or ``outgoing/<key>.eml``; the site's relay (an SMS program, a mail
server's pick-up folder) takes them to ``taken``. :class:`SimulatedRelay` is such a relay.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol

from cheonggu.batches import make_private, site_errors, write_bytes
from cheonggu.errors import UsageError

OUTGOING, TAKEN = "outgoing", "taken"
SMS, EMAIL = "sms", "email"
SUFFIXES = {SMS: ".sms.json", EMAIL: ".eml"}


@dataclass(frozen=True)
class Message:
    """What is sent to whom: ``phone`` for SMS, ``email`` for mail; either may be empty."""

    key: str
    phone: str
    email: str
    title: str
    text: str


class Notifier(Protocol):
    name: str

    def send(self, message: Message) -> tuple[str, str]:
        """Hand a message over once; gives medium (sms | email) and reference. UsageError when nobody can be reached."""
        ...


class MessageFiles:
    """Writes messages as files for a relay; SMS where there is a telephone number, else mail."""

    name = "message_files"

    def __init__(self, folder: Path, sender: str) -> None:
        self.folder, self.sender = folder, sender

    def send(self, message: Message) -> tuple[str, str]:
        medium = SMS if message.phone else EMAIL
        if not (message.phone or message.email):
            raise UsageError(
                "A message has neither telephone number nor mail address.",
                "알림을 받을 연락처(전화, 전자우편)가 없습니다.",
                fix_en="Fill in the claimant's telephone number.",
                fix_ko="청구인 연락처를 입력하세요.",
            )
        name = message.key + SUFFIXES[medium]
        if not any((self.folder / place / name).exists() for place in (OUTGOING, TAKEN)):
            raw = self._sms(message) if medium == SMS else self._mail(message)
            write_bytes(make_private(self.folder / OUTGOING) / name, raw)
            with site_errors(self.folder):
                os.chmod(self.folder / OUTGOING / name, 0o600)
        return medium, message.key

    def _sms(self, message: Message) -> bytes:
        said = {"to": message.phone, "title": message.title, "text": message.text, "key": message.key}
        return json.dumps(said, ensure_ascii=False, indent=1).encode()

    def _mail(self, message: Message) -> bytes:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, message.email, message.title
        mail["Message-ID"] = f"<{message.key}@cheonggu>"
        mail.set_content(message.text)
        return bytes(mail)


class SimulatedRelay:
    """A relay that takes every message at once; for rehearsals and tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self) -> list[str]:
        """Take what lies there; gives the keys, in order of name."""
        outgoing = self.folder / OUTGOING
        if not outgoing.is_dir():
            return []
        target = make_private(self.folder / TAKEN)
        taken = []
        for path in sorted(one for one in outgoing.iterdir() if not one.name.startswith(".")):
            path.replace(target / path.name)
            taken.append(path.name.split(".", 1)[0])
        return taken


NOTIFIERS: dict[str, Callable[[Mapping[str, Any]], Notifier]] = {
    MessageFiles.name: lambda settings: MessageFiles(
        Path(settings["folder"]), str(settings.get("sender", "cheonggu@localhost"))
    ),
}


def open_notifier(settings: Mapping[str, Any] | None) -> Notifier | None:
    """The notifier of ``[notify]`` in the site file; None when the site has none. UsageError for an unknown kind."""
    if settings is None:
        return None
    kind = str(settings.get("kind", MessageFiles.name))
    if kind not in NOTIFIERS or "folder" not in settings:
        raise UsageError(
            f"[notify] needs kind ({', '.join(NOTIFIERS)}) and folder.",
            f"설정 파일의 [notify]에 kind({', '.join(NOTIFIERS)})와 folder가 필요합니다.",
        )
    return NOTIFIERS[kind](settings)
