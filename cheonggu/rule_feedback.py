"""Feedback on the rules (규칙 평가): how often each fired, what came back, and refusals that no rule had foreseen.

An answer can only be compared with a finding that was sent all the same: a warning, or an error a person waived.
What an error stopped and somebody mended is counted apart, with what became of it later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from cheonggu.precheck import Catalogue
from cheonggu.precheck.catalogue import PREEMPT_LISTS
from cheonggu.query import Tables

WHOLE = "00"  # the detail code of a reason that names none

# A refusal is foreseen by a finding of the same batch, on the same statement or where either speaks of the whole claim.
VIEWS = """
CREATE VIEW refusal AS
SELECT row_number() OVER () AS n, batch_id, statement_key, won,
    sort || ':' || code || '-' || coalesce(nullif(detail_code, ''), $whole) AS code
FROM refused;
CREATE VIEW foreseen AS
SELECT r.n, f.rule_id, f.batch_id, f.statement_key
FROM refusal r
JOIN prevents p USING (code)
JOIN fired f ON f.rule_id = p.rule_id AND f.batch_id = r.batch_id
    AND (f.statement_key = r.statement_key OR f.statement_key IS NULL OR r.statement_key IS NULL);
CREATE VIEW answered AS
SELECT f.*, l.batch_id IS NOT NULL AND (f.statement_key IS NULL OR s.batch_id IS NOT NULL) AS is_sent,
    CASE WHEN l.state = 'RETURNED' THEN 'returned'
         WHEN f.statement_key IS NOT NULL THEN nullif(s.outcome, 'held')
         WHEN l.state IN ('RECEIVED', 'IN_REVIEW', 'PARTLY_DECIDED', 'DECIDED', 'PAID', 'CLOSED') THEN 'accepted'
    END AS answer,
    EXISTS (FROM foreseen x WHERE x.rule_id = f.rule_id AND x.batch_id = f.batch_id
        AND x.statement_key IS NOT DISTINCT FROM f.statement_key) AS is_hit
FROM fired f
LEFT JOIN "left" l USING (batch_id)
LEFT JOIN sent s ON s.batch_id = f.batch_id AND s.statement_key = f.statement_key;
CREATE VIEW mended AS
SELECT DISTINCT a.rule_id, a.level, a.statement_key, s.outcome
FROM answered a JOIN sent s ON s.statement_key = a.statement_key AND s.batch_id <> a.batch_id
WHERE NOT a.is_sent
"""
BY_RULE = """
WITH later AS (
    SELECT rule_id, level, count(DISTINCT statement_key) AS sent_later,
        count(DISTINCT statement_key) FILTER (outcome = 'accepted') AS accepted_later,
        count(DISTINCT statement_key) FILTER (outcome IN ('adjusted', 'impossible')) AS refused_later
    FROM mended GROUP BY rule_id, level)
SELECT rule_id, level, sum(findings)::BIGINT AS findings, count(DISTINCT statement_key) AS statements,
    count(DISTINCT batch_id) AS claims, sum(waived)::BIGINT AS waived,
    count(*) FILTER (is_sent) AS sent, count(*) FILTER (is_sent AND answer IS NOT NULL) AS answered,
    count(*) FILTER (is_sent AND answer = 'returned') AS returned,
    count(*) FILTER (is_sent AND answer = 'impossible') AS impossible,
    count(*) FILTER (is_sent AND answer = 'adjusted') AS adjusted,
    count(*) FILTER (is_sent AND answer = 'accepted') AS accepted,
    count(*) FILTER (is_sent AND is_hit) AS hits,
    (100 * count(*) FILTER (is_sent AND is_hit) // nullif(count(*) FILTER (is_sent AND answer IS NOT NULL), 0))::BIGINT
        AS precision_percent,
    coalesce(any_value(later.sent_later), 0) AS sent_later,
    coalesce(any_value(later.accepted_later), 0) AS accepted_later,
    coalesce(any_value(later.refused_later), 0) AS refused_later
FROM answered LEFT JOIN later USING (rule_id, level)
GROUP BY rule_id, level ORDER BY rule_id, level
"""
MISSES = """
WITH told AS (SELECT DISTINCT n FROM foreseen),
known AS (SELECT code, list(rule_id ORDER BY rule_id) AS rules FROM prevents GROUP BY code)
SELECT code, any_value(label.text_ko) AS text_ko, count(*) AS refused,
    count(*) FILTER (told.n IS NULL) AS missed, coalesce(sum(won) FILTER (told.n IS NULL), 0)::BIGINT AS missed_won,
    coalesce(any_value(known.rules), []) AS rules
FROM refusal LEFT JOIN told USING (n) LEFT JOIN known USING (code) LEFT JOIN label USING (code)
GROUP BY code HAVING count(*) FILTER (told.n IS NULL) > 0
ORDER BY missed DESC, missed_won DESC, code
"""


@dataclass(frozen=True)
class Feedback:
    """``rules``: a row per rule that fired; ``misses``: a row per code with refusals that no rule had foreseen.

    ``hits`` are findings that were sent and came back with a code the rule prevents; ``precision_percent`` is their
    share of the answered ones, null while nothing was answered. ``missed_won`` is what the missed refusals were about.
    """

    rules: pa.Table
    misses: pa.Table


def make_feedback(answers: Mapping[str, pa.Table], catalogue: Catalogue) -> Feedback:
    """Compare what the ledger read (``Ledger.rule_answers``) with the codes the rules claim to prevent."""
    pairs = [(rule.id, code) for rule in catalogue.rules for code in rule.preempts]
    labels = {
        f"{sort}:{row.key if '-' in row.key else f'{row.key}-{WHOLE}'}": row.name_ko
        for sort, name in PREEMPT_LISTS.items()
        for row in catalogue.codes.rows(name)
    }
    db = Tables(
        prevents=_table(("rule_id", "code"), pairs),
        label=_table(("code", "text_ko"), labels.items()),
        **answers,
    )
    for view in VIEWS.split(";"):
        db.run(view.replace("$whole", f"'{WHOLE}'"))
    return Feedback(db.table(BY_RULE), db.table(MISSES))


def _table(names: tuple[str, str], rows: Iterable[tuple[str, str]]) -> pa.Table:
    pairs = list(rows)
    columns = {name: [one[place] for one in pairs] for place, name in enumerate(names)}
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
