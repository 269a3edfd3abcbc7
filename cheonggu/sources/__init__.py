"""Where hospital data comes from: one contract, several adapters, and a made-up hospital to try them on."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from cheonggu.sources.base import Source
from cheonggu.sources.contract import CONTRACT, Contract

__all__ = ["Source", "open_source"]


def open_source(url: str | Path, contract: Contract = CONTRACT) -> Source:
    """Open ``sqlite:///path``, ``postgresql://…``, ``parquet:///folder`` or any other SQLAlchemy URL.

    ``contract`` says which views it must have; without one, the hospital's. A plain path is a SQLite file, or a
    folder of Parquet files. Raises UsageError when there is no adapter or
    driver for it, and SiteError when the source cannot be reached. The URL is never quoted in a message.
    """
    scheme, separator, rest = str(url).partition("://")
    if not separator:
        path = Path(url)
        return _open_parquet(path, contract) if path.is_dir() else _open_sqlite(path, contract)
    if scheme in ("sqlite", "parquet"):
        path = Path(unquote(rest.removeprefix("/")))
        return _open_parquet(path, contract) if scheme == "parquet" else _open_sqlite(path, contract)
    if scheme in ("postgresql", "postgres", "postgresql+psycopg", "postgresql+asyncpg"):
        from cheonggu.sources.sql import SqlSource
        from cheonggu.sources.sql_postgresql import PostgresqlDialect

        return SqlSource(PostgresqlDialect(f"postgresql://{rest}"), contract)
    from cheonggu.sources.sql import SqlSource
    from cheonggu.sources.sql_other import OtherDialect

    return SqlSource(OtherDialect(str(url), contract), contract)


def _open_sqlite(path: Path, contract: Contract) -> Source:
    from cheonggu.sources.sql import SqlSource
    from cheonggu.sources.sql_sqlite import SqliteDialect

    return SqlSource(SqliteDialect(path), contract)


def _open_parquet(path: Path, contract: Contract) -> Source:
    from cheonggu.sources.parquet import ParquetSource

    return ParquetSource(path, contract)
