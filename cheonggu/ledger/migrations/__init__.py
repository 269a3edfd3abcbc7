"""Brings an empty or older ledger to this program's tables (Alembic), under the writer's lock.

``python -m alembic`` is not needed: opening the ledger migrates it. A new migration is a file in ``versions``
named ``<revision>_<what>.py`` with the revision as four digits.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from cheonggu.errors import SiteError

FOLDER = Path(__file__).parent
ADVISORY_KEY = 7_265_517_361_104_209  # any fixed number: one migration at a time on PostgreSQL


def known_revisions() -> list[str]:
    """All revisions of this program, oldest first."""
    return sorted(path.name[:4] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def migrate(connection: Connection) -> None:
    """Upgrade inside the caller's transaction; SiteError when the ledger is newer than this program."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_KEY})
    revision = current_revision(connection)
    known = known_revisions()
    if revision == known[-1]:
        return
    if revision is not None and revision not in known:
        raise SiteError(
            f"The ledger was written by a newer program (revision {revision}).",
            f"원장이 더 새로운 프로그램으로 만들어졌습니다(버전 {revision}).",
            fix_en="Install that program's version or a newer one.",
            fix_ko="그 버전 이상의 프로그램을 설치하세요.",
        )
    # Imported here: every other opening of a ledger does without Alembic.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def current_revision(connection: Connection) -> str | None:
    """The ledger's revision, None while it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)
