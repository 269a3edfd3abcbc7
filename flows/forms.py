"""What the forms of the flows share: fields as operators read them, and choices under Korean labels.

What a form refuses is refused before a run exists, so that nothing of it is stored in Prefect.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from cheonggu.schemes import SCHEMES

# The server judges by the schema of the form; the ledger refuses resident numbers once more, whoever asks.
# Standing alone, because keys may hold as many digits.
ALONE = r"(^|[^0-9A-Za-z])[0-9]{6}-?[0-9]{7}([^0-9A-Za-z]|$)"
NO_RESIDENT_NO: dict[str, Any] = {"not": {"pattern": ALONE}}
NAMELESS = "이름·주민등록번호를 적지 마세요"

SchemeName = Literal[tuple(SCHEMES)]  # type: ignore[valid-type]
ProviderCode = Annotated[str, Field(title="요양기관기호", min_length=8, max_length=8)]
Person = Annotated[
    str, Field(title="직원 ID", description=NAMELESS, min_length=2, json_schema_extra=NO_RESIDENT_NO)
]
Reason = Annotated[
    str, Field(title="사유", description=NAMELESS, min_length=2, json_schema_extra=NO_RESIDENT_NO)
]
AsOf = date | None


class Choice(StrEnum):
    """A choice under its Korean label; the last word is the name the core knows it by."""

    @property
    def kind(self) -> str:
        return self.value.rpartition(" ")[2]
