"""Errors for operators, as one tree. The branch says whether trying again can help.

CheongguError
├── UsageError          a wrong call or setting               exit 2, never retried
├── InputError          data that cannot be read as promised  exit 1, never retried
│   ├── ContractError   a source breaks the source contract
│   ├── LayoutError     bytes or values that break a record layout
│   ├── NoticeError     a document from outside that is broken or not ours
│   │   ├── UnknownFormError       no layout is known for it: kept raw
│   │   └── IncompleteNoticeError  a record file of its set is missing: it waits
│   └── DataFileError   one of our own rule, code or layout files is odd
├── StateError          the ledger refuses a move             exit 1, never retried
│   └── BusyError       another run holds the lock            exit 3, retried by the next run
└── SiteError           database, disk, folder or network     exit 3, trying again can help

A message never quotes a value that could be personal: it names file, record, field and what to do.
"""

from __future__ import annotations


class CheongguError(Exception):
    """Carries the same sentence in Korean (``ko``) and English (``en``) and what to do next in both.

    As text it is both, Korean first: an orchestrator shows operators nothing else of an exception.
    """

    exit_code = 1
    can_retry = False

    def __init__(self, en: str, ko: str, *, fix_en: str = "", fix_ko: str = "") -> None:
        self.en, self.ko, self.fix_en, self.fix_ko = en, ko, fix_en, fix_ko
        super().__init__(" · ".join(self.lines()))

    def lines(self) -> list[str]:
        """What a terminal shows: Korean first, then English."""
        return [
            " ".join(part for part in (self.ko, self.fix_ko) if part),
            " ".join(part for part in (self.en, self.fix_en) if part),
        ]


class UsageError(CheongguError):
    exit_code = 2


class InputError(CheongguError):
    pass


class ContractError(InputError):
    pass


class LayoutError(InputError):
    pass


class NoticeError(InputError):
    pass


class UnknownFormError(NoticeError):
    pass


class IncompleteNoticeError(NoticeError):
    pass


class DataFileError(InputError):
    pass


class StateError(CheongguError):
    pass


class BusyError(StateError):
    exit_code = 3


class SiteError(CheongguError):
    exit_code = 3
    can_retry = True
