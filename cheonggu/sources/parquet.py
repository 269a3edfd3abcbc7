"""A folder of Parquet files as a source: ``<view>.parquet``, or a folder ``<view>/`` of part files.

Part files may stand in folders ``provider_code=…/care_month=…`` (Hive style); a read of one provider and month
then opens only those. Types are exact in Parquet, so a file with a wrong type is refused by ``check`` at once.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from cheonggu.errors import CheongguError, ContractError
from cheonggu.sources.base import (
    VIEW_PREFIX,
    ClosingSource,
    filters,
    missing_columns,
    missing_view,
    needed_columns,
)
from cheonggu.sources.conform import conform, is_convertible, wrong_type
from cheonggu.sources.contract import Column, Contract
from cheonggu.sources.sql import broken_read, conform_groups, unreachable

# A code in a folder's name is text, whatever it looks like.
FOLDER_NAMES = ds.partitioning(
    pa.schema([("provider_code", pa.string()), ("care_month", pa.string())]), flavor="hive"
)


class ParquetSource(ClosingSource):
    """Reads the contract's views from a folder. See ``base.Source`` for what each method promises."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        if not folder.is_dir():
            raise unreachable(f"Folder {folder.name}", f"폴더 {folder.name}")
        self.folder, self.contract = folder, contract
        self._dataset = functools.cache(self._open)

    def check(self) -> None:
        for view in (*self.contract.views, *filter(self.has, self.contract.optional_views)):
            self._check_shape(view, self.contract.columns(view))

    def has(self, view: str) -> bool:
        return (self.folder / f"{view}.parquet").is_file() or (self.folder / view).exists()

    def groups(self, first_month: str, last_month: str) -> pa.Table:
        view, names = self.contract.main_view, ["provider_code", "care_month"]
        self._check_shape(view, [self.contract.column(view, name) for name in names])
        month = pc.field("care_month")
        found = self._scan(view, names, (month >= first_month) & (month <= last_month))
        counted = found.group_by(names).aggregate([([], "count_all")])
        return conform_groups(view, counted.rename_columns([*names, "statements"]))

    def read(
        self,
        view: str,
        *,
        provider_code: str | None = None,
        care_month: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        needed = needed_columns(self.contract, view, columns)
        self._check_shape(view, needed)
        wanted = [
            pc.field(name) == value
            for name, value in filters(self.contract, view, provider_code, care_month).items()
        ]
        where = functools.reduce(lambda one, other: one & other, wanted) if wanted else None
        found = self._scan(view, [one.name for one in needed], where)
        return conform(
            self.contract, view, dict(zip(found.column_names, found.columns, strict=True)), columns
        )

    def close(self) -> None:
        self._dataset.cache_clear()

    def _open(self, view: str) -> ds.Dataset:
        path = self.folder / f"{view}.parquet"
        if not path.is_file():
            path = self.folder / view
        if not path.exists():
            raise missing_view(view)
        try:
            return ds.dataset(path, format="parquet", partitioning=FOLDER_NAMES if path.is_dir() else None)
        except (pa.ArrowInvalid, OSError) as error:
            raise _broken(view, error) from None

    def _check_shape(self, view: str, columns: Sequence[Column]) -> None:
        schema = self._dataset(view).schema
        if missing := [one.name for one in columns if one.name not in schema.names]:
            raise missing_columns(view, missing)
        for one in columns:
            if not is_convertible(one, schema.field(one.name).type):
                raise wrong_type(one, str(schema.field(one.name).type))

    def _scan(self, view: str, names: list[str], where: pc.Expression | None) -> pa.Table:
        try:
            return self._dataset(view).to_table(columns=names, filter=where)
        except (pa.ArrowInvalid, OSError) as error:
            raise _broken(view, error) from None


def _broken(view: str, error: Exception) -> CheongguError:
    """A file that is damaged, or that cannot be read at this moment."""
    if isinstance(error, OSError) and error.errno is not None:
        return broken_read(view, error)
    return ContractError(
        f"{VIEW_PREFIX}{view}: a file is damaged or not Parquet.",
        f"{VIEW_PREFIX}{view}: 파일이 손상되었거나 Parquet이 아닙니다.",
        fix_en="Write the file again.",
        fix_ko="파일을 다시 만드세요.",
    )
