"""Names of lines against the lists of products and words: matched after normalisation, the longest name first.

Normalised: NFKC, small letters, everything but letters and digits away. A Latin word matches between other letters only
as a whole word (``PCA`` is not in ``PCAB``); so does a word of the list that ``is_alone``, because it is part of many
other names. Two categories at the same length are ambiguous, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.query import Tables

WORD = "[^0-9a-z가-힣]+"
MATCH = """
    WITH hit AS (
        SELECT n.name, k.of, k.role, k.line_cat, k.efficacy_class, k.priority, length(k.compact) AS size
        FROM distinct_name n JOIN keyword k ON contains(n.compact, k.compact)
        WHERE (NOT k.is_latin OR regexp_matches(n.folded, k.pattern))
        AND (NOT k.is_alone OR regexp_matches(n.compact, '(^|[^a-z가-힣])' || k.compact || '($|[^a-z가-힣])'))
    ), best AS (
        SELECT *, dense_rank() OVER (PARTITION BY name ORDER BY priority, size DESC) AS place FROM hit
    )
    SELECT name, min(of) AS name_of, min(line_cat) AS name_cat, min(efficacy_class) AS name_class,
           CASE WHEN bool_or(role = 'listed') THEN 'listed' ELSE min(role) END AS name_role,
           count(DISTINCT line_cat) > 1 AS is_ambiguous
    FROM best WHERE place = 1 GROUP BY name
"""


def normalise(names: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Names without case, width, spaces and signs; null stays null."""
    return pc.replace_substring_regex(fold(names), pattern=WORD, replacement="")


def fold(names: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Names in NFKC and small letters, signs kept."""
    return pc.utf8_lower(pc.utf8_normalize(names, form="NFKC"))


def match_names(names: pa.Array, rows: Sequence[Mapping[str, str]], *, pain_pump_first: bool) -> pa.Table:
    """For each distinct name that is in a list: name, name_of, name_cat, name_class, name_role, is_ambiguous.

    ``names``: distinct texts without null; ``rows``: rows of names.csv in use.
    """
    tables = Tables(
        distinct_name=pa.table({"name": names, "compact": normalise(names), "folded": fold(names)}),
        keyword=_keywords(rows, pain_pump_first),
    )
    return tables.table(MATCH)


def _keywords(rows: Sequence[Mapping[str, str]], pain_pump_first: bool) -> pa.Table:
    words = pa.array([one["name"] for one in rows], pa.string())
    folded = fold(words).to_pylist()
    is_first = [pain_pump_first and one["role"] == "pain_pump" for one in rows]
    return pa.table(
        {
            "compact": normalise(words),
            "of": [one["of"] or one["name"] for one in rows],
            "role": [one["role"] for one in rows],
            "line_cat": [one["line_cat"] for one in rows],
            "efficacy_class": pa.array([one["efficacy_class"] or None for one in rows], pa.string()),
            "priority": pa.array([0 if first else 1 for first in is_first], pa.int64()),
            "is_latin": [word.isascii() and not word[0].isdigit() for word in folded],
            "is_alone": [one["is_alone"] == "Y" for one in rows],
            "pattern": [_pattern(word) for word in folded],
        }
    )


def _pattern(word: str) -> str:
    """A Latin word between other letters, however its parts are set apart."""
    parts = "[^a-z가-힣]*".join(re.escape(one) for one in re.split(WORD, word) if one)
    return f"(^|[^a-z]){parts}($|[^a-z])"
