"""Pandera failures → findings. Pandera quotes the bad values, which may be personal: only place and rule are kept."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd
import pandera.pandas as pa_pandas
import pyarrow as pa

from cheonggu import findings

DOUBLE = "SRC-013"
MESSAGES = ("message_ko", "message_en", "fix_ko", "fix_en")


@cache
def shape_rules() -> dict[str, dict[str, str]]:
    """The texts of every shape rule by id."""
    loaded: dict[str, dict[str, str]] = tomllib.loads(
        (Path(__file__).parent / "shape_rules.toml").read_text(encoding="utf-8")
    )
    return loaded


def failures(schema: pa_pandas.DataFrameSchema, frame: pd.DataFrame, view: str) -> pd.DataFrame:
    """Validate lazily; one row per failing row and check: row, rule_id, field. Values are dropped at once."""
    try:
        schema.validate(frame, lazy=True)
    except pa_pandas.errors.SchemaErrors as error:
        cases = error.failure_cases
        unplaced = cases["index"].isna()
        if unplaced.any():
            broken = ", ".join(sorted(cases.loc[unplaced, "check"].astype(str).unique()))
            raise TypeError(f"{view}: the table itself has the wrong shape ({broken})") from None
        rule, field = cases["check"].str.split(":", n=1, expand=True).to_numpy().T
        placed = pd.DataFrame({"row": cases["index"].astype("int64"), "rule_id": rule, "field": field})
        return placed.drop_duplicates(ignore_index=True)
    return pd.DataFrame({"row": pd.Series(dtype="int64"), "rule_id": [], "field": []})


def as_findings(cases: pd.DataFrame, keys: pd.Series, view: str, details: dict[str, str]) -> pa.Table:
    """Findings of one view: ``keys`` gives the statement key of every row, ``details`` a fact per field."""
    if cases.empty:
        return findings.none_found()
    texts = pd.DataFrame.from_dict(shape_rules(), orient="index").reindex(cases["rule_id"])
    return findings.from_columns(
        {
            "rule_id": cases["rule_id"].tolist(),
            "level": findings.ERROR,
            "stage": "validate",
            "scope": view,
            "statement_key": keys.iloc[cases["row"]].tolist(),
            "record": view,
            "field": cases["field"].tolist(),
            "detail": [
                details.get(f"{rule}:{field}")
                for rule, field in zip(cases["rule_id"], cases["field"], strict=True)
            ],
            **{name: texts[name].tolist() for name in MESSAGES},
        },
        len(cases),
    )


def name_doubles(keys: Sequence[str]) -> pa.Table:
    """A finding for each statement whose visit is claimed under another key."""
    cases = pd.DataFrame({"row": range(len(keys)), "rule_id": DOUBLE, "field": "statement_key"})
    return as_findings(cases, pd.Series(list(keys), dtype="str"), "statement", {})
