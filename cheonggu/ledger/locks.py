"""One run at a time: a named lock that vanishes with its process, however that process ends.

Beside a SQLite ledger it is a small SQLite file held in an exclusive transaction (an operating-system file
lock that works alike on every system and is not inherited by child processes); on PostgreSQL an advisory lock
on a connection of its own.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, func, select

from cheonggu.errors import BusyError, SiteError, UsageError
from cheonggu.ledger.database import database_errors

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,60}")


@contextmanager
def hold(engine: Engine, name: str) -> Iterator[None]:
    """Hold the lock ``name`` for the block; BusyError at once when another run holds it."""
    if not NAME.fullmatch(name):
        raise UsageError(
            "A lock's name is small letters, digits, '-', '_' and '.'.", "잠금 이름이 틀렸습니다."
        )
    held = _hold_file(engine, name) if engine.dialect.name == "sqlite" else _hold_advisory(engine, name)
    with held:
        yield


@contextmanager
def _hold_file(engine: Engine, name: str) -> Iterator[None]:
    path = f"{engine.url.database}.{name}.lock"
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    except sqlite3.Error as error:
        raise _no_lock_file() from error
    try:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise (_busy() if "locked" in str(error) else _no_lock_file()) from error
        yield
    finally:
        connection.close()


@contextmanager
def _hold_advisory(engine: Engine, name: str) -> Iterator[None]:
    key = int.from_bytes(hashlib.sha256(f"cheonggu {name}".encode()).digest()[:8], "big", signed=True)
    with database_errors():
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        with database_errors():
            is_mine = connection.execute(select(func.pg_try_advisory_lock(key))).scalar_one()
        if not is_mine:
            raise _busy()
        try:
            yield
        finally:
            with database_errors():
                connection.execute(select(func.pg_advisory_unlock(key)))
    finally:
        # Ends the session, not only its loan from the pool: the lock belongs to the session.
        connection.invalidate()
        connection.close()


def _busy() -> BusyError:
    return BusyError(
        "Another run is going on; nothing was changed.",
        "다른 작업이 실행 중입니다. 아무것도 바뀌지 않았습니다.",
        fix_en="Wait until it has ended, then run again.",
        fix_ko="끝난 뒤에 다시 실행하세요.",
    )


def _no_lock_file() -> SiteError:
    return SiteError(
        "The lock file beside the ledger cannot be written.",
        "원장 옆에 잠금 파일을 만들 수 없습니다.",
        fix_en="Check the folder, its rights and the disk space.",
        fix_ko="폴더와 쓰기 권한, 디스크 공간을 확인하세요.",
    )
