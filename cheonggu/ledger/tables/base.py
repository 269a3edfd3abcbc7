"""What all tables share: their metadata, and the columns and keys that many of them have."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text_of(name: str, *args: ForeignKey, optional: bool = False) -> Column[str]:
    """A text, never null unless ``optional``."""
    return Column(name, Text, *args, nullable=optional)


def won_of(name: str, *, optional: bool = False) -> Column[int]:
    """Won, or another 64-bit number."""
    return Column(name, BigInteger, nullable=optional)


def amounts() -> list[Column[int]]:
    """The three sums of a statement or claim."""
    return [won_of("claimed_amount"), won_of("total_benefit_cost_1"), won_of("patient_copay")]


def of_claim(table: str) -> ForeignKeyConstraint:
    """The rows of a table belong to a claim."""
    return ForeignKeyConstraint(
        ["provider_code", "claim_no"], ["claim.provider_code", "claim.claim_no"], name=f"fk_{table}_claim"
    )


def of_claim_statement(table: str) -> ForeignKeyConstraint:
    """The rows of a table belong to what stood under a number of a claim."""
    names = ("provider_code", "claim_no", "statement_no")
    there = [f"claim_statement.{name}" for name in names]
    return ForeignKeyConstraint(list(names), there, name=f"fk_{table}_claim_statement")
