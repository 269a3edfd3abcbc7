"""Where hospital data comes from: one contract, several adapters, and a made-up hospital to try them on."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from cheonggu.sources.base import Source

__all__ = ["Source", "open_source"]


def open_source(url: str | Path) -> Source:
    """Open ``sqlite:///path``, ``postgresql://…``, ``parquet:///folder`` or any other SQLAlchemy URL.

    A plain path is a SQLite file, or a folder of Parquet files. Raises UsageError when there is no adapter or
    driver for it, and SiteError when the source cannot be reached. The URL is never quoted in a message.
    """
    scheme, separator, rest = str(url).partition("://")
    if not separator:
        path = Path(url)
        return _open_parquet(path) if path.is_dir() else _open_sqlite(path)
    if scheme in ("sqlite", "parquet"):
        path = Path(unquote(rest.removeprefix("/")))
        return _open_parquet(path) if scheme == "parquet" else _open_sqlite(path)
    if scheme in ("postgresql", "postgres", "postgresql+psycopg", "postgresql+asyncpg"):
        from cheonggu.sources.sql import SqlSource
        from cheonggu.sources.sql_postgresql import PostgresqlDialect

        return SqlSource(PostgresqlDialect(f"postgresql://{rest}"))
    from cheonggu.sources.sql import SqlSource
    from cheonggu.sources.sql_other import OtherDialect

    return SqlSource(OtherDialect(str(url)))


def _open_sqlite(path: Path) -> Source:
    from cheonggu.sources.sql import SqlSource
    from cheonggu.sources.sql_sqlite import SqliteDialect

    return SqlSource(SqliteDialect(path))


def _open_parquet(path: Path) -> Source:
    from cheonggu.sources.parquet import ParquetSource

    return ParquetSource(path)
