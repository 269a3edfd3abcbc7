"""What every source of hospital data promises (원천자료 어댑터 약속), in prose and as a protocol.

A source only reads. Whatever the database calls its types, ``read`` returns the contract's Arrow schema exactly:
columns in contract order, text without trailing spaces and "" where there is nothing, int64, date32. Rows are
sorted by the key of the view (bytewise for text), so that the same data always give the same table. A value that
is missing stays missing (null for int and date): whether that is allowed is judged by validation, statement by
statement. A value of the wrong type is a broken contract and stops the read, naming view, column and the first
statement, never the value.

A source object belongs to one thread; open one per thread.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

from cheonggu.errors import ContractError
from cheonggu.sources.contract import Column, Contract

GROUPS = pa.schema(
    [
        pa.field("provider_code", pa.string()),
        pa.field("care_month", pa.string()),
        pa.field("statements", pa.int64()),
    ]
)
VIEW_PREFIX = "cheonggu_"  # every SQL view is named cheonggu_<view>
SCAN_ROWS = (
    1_000  # rows of each view whose values ``check`` looks at where a database has no types of its own
)


class Source(Protocol):
    """A hospital's data. Raises ContractError (data not as promised) or SiteError (cannot be reached)."""

    def check(self) -> None:
        """Compare every view and column with the contract, optional views as far as they are there.

        Repeating it does no harm.
        """

    def has(self, view: str) -> bool:
        """Whether an optional view is there; an absent view and one the role may not see are the same."""

    def groups(self, first_month: str, last_month: str) -> pa.Table:
        """Schema ``GROUPS``: providers and care months (CCYYMM, both ends included) that hold statements."""

    def read(
        self,
        view: str,
        *,
        provider_code: str | None = None,
        care_month: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Rows of a view, of one provider and care month when given.

        A filter on a column the view does not have is left out (``provider`` has no care month).
        ``columns`` chooses columns; their order stays that of the contract.
        """

    def close(self) -> None:
        """Let go of connections and files; the source cannot be used afterwards."""


class ClosingSource(ABC):
    """Lets an adapter stand in a ``with`` statement."""

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def chosen_columns(contract: Contract, view: str, columns: Sequence[str] | None) -> tuple[Column, ...]:
    """The contract's columns of a view that were asked for; KeyError when one is not in the contract."""
    if columns is None:
        return contract.columns(view)
    for name in columns:
        contract.column(view, name)
    return tuple(one for one in contract.columns(view) if one.name in set(columns))


def needed_columns(contract: Contract, view: str, columns: Sequence[str] | None) -> tuple[Column, ...]:
    """The chosen columns and the key, which sorting and error messages need."""
    if columns is None:
        return contract.columns(view)
    return chosen_columns(contract, view, [*columns, *contract.key(view)])


def filters(
    contract: Contract, view: str, provider_code: str | None, care_month: str | None
) -> dict[str, str]:
    """Column → wanted value, for those filters that the view has a column for."""
    wanted = {"provider_code": provider_code, "care_month": care_month}
    return {name: value for name, value in wanted.items() if value is not None and contract.has(view, name)}


def wrong_value(column: Column, place: str, found_en: str, found_ko: str) -> ContractError:
    """A value of the wrong type; ``place`` names the row by a key that identifies nobody."""
    wanted_en, wanted_ko = WANTED[column.type]
    return ContractError(
        f"{VIEW_PREFIX}{column.view}.{column.name}: {found_en}{place}; the contract wants {wanted_en}.",
        f"{VIEW_PREFIX}{column.view}.{column.name}: {found_ko}{place}; 계약은 {wanted_ko}을(를) 요구합니다.",
        fix_en="Convert the column in the view (see docs/source-contract.md), then run again.",
        fix_ko="뷰에서 열을 변환한 뒤(docs/source-contract.md 참조) 다시 실행하세요.",
    )


WANTED = {
    "text": ("text in UTF-8", "UTF-8 문자열"),
    "int": ("a whole number", "정수"),
    "date": ("a date (YYYY-MM-DD)", "날짜(YYYY-MM-DD)"),
}


def missing_part(what: str, what_ko: str) -> ContractError:
    """A view or column that is not there, or that the role may not read."""
    return ContractError(
        f"{what} is missing, or the role may not read it.",
        f"{what_ko}이(가) 없거나 읽을 권한이 없습니다.",
        fix_en="Create it as docs/source-contract.md shows and grant SELECT on it.",
        fix_ko="docs/source-contract.md대로 만들고 SELECT 권한을 주세요.",
    )


def missing_view(view: str) -> ContractError:
    return missing_part(f"View {VIEW_PREFIX}{view}", f"뷰 {VIEW_PREFIX}{view}")


def missing_columns(view: str, names: Sequence[str]) -> ContractError:
    listed = ", ".join(names)
    return missing_part(f"View {VIEW_PREFIX}{view}, column {listed}", f"뷰 {VIEW_PREFIX}{view}의 열 {listed}")
