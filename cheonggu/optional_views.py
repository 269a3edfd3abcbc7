"""The views a hospital may leave out (선택 뷰): what it has of them, cut down to what one batch can meet.

They feed rules of the pre-check only. A view that is absent leaves no table, so its rules are reported as not checked;
a view that is there and empty leaves an empty table, and its rules run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.sources import Source
from cheonggu.sources.contract import Contract


@dataclass(frozen=True)
class Cut:
    """Which rows of a view a batch needs: those whose first key column stands in one of ``columns`` (view, column).

    Without columns the view is taken whole. ``kin`` names a column: rows that share its value with a row needed are
    needed too, such as other drugs with the same ingredient.
    """

    columns: tuple[tuple[str, str], ...] = ()
    kin: str = ""


class OptionalViews:
    """What a source has of the views a scheme can use; official lists are read once however many months follow."""

    def __init__(self, source: Source, contract: Contract, cuts: Mapping[str, Cut]) -> None:
        self.source, self.contract = source, contract
        self.cuts = {view: cut for view, cut in cuts.items() if source.has(view)}
        self._lists: dict[str, pa.Table] = {}

    def read(self, provider_code: str, care_month: str | None) -> dict[str, pa.Table]:
        """Every view that is there, of one provider and month as far as it has such columns."""
        return {view: self._read(view, provider_code, care_month) for view in self.cuts}

    def _read(self, view: str, provider_code: str, care_month: str | None) -> pa.Table:
        if self.contract.has(view, "provider_code"):
            return self.source.read(view, provider_code=provider_code, care_month=care_month)
        if view not in self._lists:
            self._lists[view] = self.source.read(view)
        return self._lists[view]

    def cut(self, tables: Mapping[str, pa.Table], batch: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """The rows of ``tables`` (as :meth:`read` gives them) that the tables of one batch can meet."""
        return {
            view: _cut(self.contract.key(view)[0], self.cuts[view], table, batch)
            for view, table in tables.items()
        }

    def statement_views(self) -> tuple[str, ...]:
        """Views whose rows belong to a statement and are part of its content."""
        return tuple(view for view in self.cuts if self.contract.key(view)[0] == "statement_key")


def _cut(key: str, cut: Cut, table: pa.Table, batch: Mapping[str, pa.Table]) -> pa.Table:
    if not cut.columns:
        return table
    parts = [batch[name][column].combine_chunks() for name, column in cut.columns]
    wanted = pc.unique(pa.concat_arrays(parts))
    mine = pc.is_in(table[key], value_set=wanted)
    if cut.kin:
        kin = pc.unique(table.filter(mine)[cut.kin])
        is_kin = pc.and_(pc.is_in(table[cut.kin], value_set=kin), pc.not_equal(table[cut.kin], ""))
        mine = pc.or_(mine, is_kin)
    return table.filter(mine)
