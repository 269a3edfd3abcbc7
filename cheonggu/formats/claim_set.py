"""Claim sets (청구 파일 묶음): all files of one claim, written, read, streamed and inspected.

The parts live in modules of their own; this one is the door.
"""

from __future__ import annotations

from cheonggu.formats.claim_files import MARKER, WrittenFile
from cheonggu.formats.claim_inspect import inspect_set
from cheonggu.formats.claim_read import ClaimSet, ClaimStream, iter_set, read_set
from cheonggu.formats.claim_write import WriteResult, write_set
from cheonggu.formats.recognise import Recognised, SetFile, recognise

__all__ = [
    "MARKER",
    "ClaimSet",
    "ClaimStream",
    "Recognised",
    "SetFile",
    "WriteResult",
    "WrittenFile",
    "inspect_set",
    "iter_set",
    "read_set",
    "recognise",
    "write_set",
]
