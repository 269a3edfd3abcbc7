"""Claim sets (청구 파일 묶음): all files of one claim, written, read, streamed and inspected.

The parts live in modules of their own; this one is the door.
"""

from __future__ import annotations

from cheonggu.formats.claim_files import MARKER, WrittenFile
from cheonggu.formats.claim_write import WriteResult, write_set

__all__ = ["MARKER", "WriteResult", "WrittenFile", "write_set"]
