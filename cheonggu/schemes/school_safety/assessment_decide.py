"""The decision on each line: the first rule that holds, its cap, its count, missing papers; then time and gates.

Makes ``required`` (papers wanted and whether they are there) and ``decided`` (one row a line, before the sum).
Within a count, lines whose papers are there and that need the count come first, then the larger amount, then the key:
the order in which lines are given changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from cheonggu.query import Tables
from cheonggu.schemes.school_safety.assessment_rules import SAYS, Profile, RuleBook

WANTED_LINE = """
    SELECT l.claim_key, l.item_key, {no} AS paper_no, EXISTS (
        SELECT 1 FROM paper p WHERE p.claim_key = l.claim_key AND p.item_key = l.item_key
        AND p.document_code IN ({codes})) AS is_present
    FROM {table} l CROSS JOIN s WHERE {condition}
"""
WANTED_CLAIM = """
    SELECT c.claim_key, NULL AS item_key, {no} AS paper_no, EXISTS (
        SELECT 1 FROM documents p WHERE p.claim_key = c.claim_key AND p.document_code IN ({codes})) AS is_present
    FROM claim c CROSS JOIN s WHERE {condition}
"""
RULED = """
    CREATE TABLE ruled AS
    WITH lacking AS (
        SELECT claim_key, item_key, bool_or(w.missing_effect = 'hold_line') AS missing_hold,
            bool_or(w.missing_effect = 'deny_line') AS missing_deny,
            string_agg(w.rule_id, ' ' ORDER BY w.rule_id) AS lacking_ids
        FROM required q JOIN paper_rule w USING (paper_no) WHERE NOT is_present AND w.mandatory = 'yes'
        GROUP BY claim_key, item_key
    ), known AS (
        SELECT l.*, coalesce(k.missing_hold, false) AS missing_hold,
            coalesce(k.missing_deny, false) AS missing_deny, k.lacking_ids
        FROM line l LEFT JOIN lacking k USING (claim_key, item_key)
    )
    SELECT known.*, CASE {rules} END AS rule_no FROM known CROSS JOIN s
"""
COUNTED = """
    CREATE TABLE counted AS
    WITH tooth_count AS (
        SELECT dental_scope, tooth, line_cat, count(*) AS n FROM past_line
        WHERE coalesce(nhi_class, 'noncovered') = 'noncovered' GROUP BY ALL
    ), scope_count AS (
        SELECT accident_key, line_cat, count(*) AS n FROM past_line
        WHERE coalesce(nhi_class, 'noncovered') = 'noncovered' GROUP BY ALL
    ), matched AS (
        SELECT r.*, u.*, coalesce(t.n, 0) AS before_tooth, coalesce(a.n, 0) AS before_scope
        FROM ruled r JOIN rule u ON u.no = r.rule_no
        LEFT JOIN tooth_count t
            ON t.dental_scope = r.dental_scope AND t.tooth = r.tooth AND t.line_cat = r.line_cat
        LEFT JOIN scope_count a ON a.accident_key = r.accident_key AND a.line_cat = r.line_cat
    ), capped AS (
        SELECT matched.*, (CASE rule_no {caps} END)::BIGINT AS cap_won FROM matched CROSS JOIN s
    ), keyed AS (
        SELECT capped.*, least(amount_won, coalesce(cap_won, amount_won)) AS allowed_won,
            CASE WHEN rule_decision = 'pay' THEN CASE rule_no {keys} END END AS count_key,
            CASE rule_no {befores} END AS count_before, CASE rule_no {maxima} END AS count_max,
            CASE rule_no {weights} ELSE 1 END AS count_weight, CASE rule_no {mores} ELSE false END AS has_more,
            missing_decision IS NOT NULL AND missing_hold AS is_lacking
        FROM capped
    )
    SELECT *, count_before + sum(count_weight) OVER (
        PARTITION BY count_key, CASE WHEN is_closed THEN claim_key END
        ORDER BY claim_rank, is_lacking, has_more, allowed_won DESC, item_key
        ROWS UNBOUNDED PRECEDING)::BIGINT AS count_no
    FROM keyed
"""
DECIDED = """
    CREATE TABLE decided AS
    WITH over_count AS (
        SELECT *, count_key IS NOT NULL AND count_no > count_max AS is_beyond_count FROM counted
    ), chosen AS (
        SELECT *, is_beyond_count AND NOT has_more AS is_exceeded,
            is_lacking AND NOT (is_beyond_count AND NOT has_more) AS is_held
        FROM over_count
    ), said AS (
        SELECT *,
            CASE WHEN is_exceeded THEN exceeded_decision WHEN is_held THEN missing_decision
                 ELSE rule_decision END AS first_decision,
            CASE WHEN is_exceeded THEN 'exceeded' WHEN is_held THEN 'missing' ELSE 'rule' END AS first_said,
            rule_discretionary OR (is_beyond_count AND has_more) AS is_discretionary
        FROM chosen
    ), pooled AS (
        SELECT *, sum(CASE WHEN first_decision = 'pay' THEN allowed_won ELSE 0 END) OVER pool AS pool_sum
        FROM said WINDOW pool AS (
            PARTITION BY rule_no, dental_scope, tooth, CASE WHEN is_closed THEN claim_key END
            ORDER BY claim_rank, allowed_won DESC, item_key ROWS UNBOUNDED PRECEDING)
    ), fitted AS (
        SELECT pooled.*, CASE WHEN is_pooled AND first_decision = 'pay' THEN greatest(0,
                least(pool_sum, cap_won - coalesce(b.paid, 0))
                - least(pool_sum - allowed_won, cap_won - coalesce(b.paid, 0))) ELSE allowed_won END::BIGINT AS fit_won
        FROM pooled LEFT JOIN (
            SELECT dental_scope, tooth, sum(paid_won) AS paid FROM past_line
            WHERE line_cat IN {cores} AND coalesce(nhi_class, 'noncovered') = 'noncovered' GROUP BY ALL
        ) b ON b.dental_scope = pooled.dental_scope AND b.tooth = pooled.tooth
    ), judged AS (
        SELECT f.*, g.effect AS gate_effect, g.rule_id AS gate_id,
            first_decision = 'pay' AND fit_won = 0 AND allowed_won > 0 AS is_pool_empty,
            first_decision = 'pay' AND line_time <> 'ok' AS is_time_doubtful
        FROM fitted f LEFT JOIN heaviest g USING (claim_key)
    )
    SELECT *, CASE WHEN is_pool_empty THEN 'pool' ELSE first_said END AS said,
        CASE WHEN gate_effect IN ('deny_all', 'redirect') THEN 'deny'
             WHEN gate_effect = 'block' AND first_decision IN ('pay', 'review') THEN 'hold'
             WHEN is_pool_empty THEN pool_decision
             WHEN first_decision = 'pay' AND (gate_effect = 'review' OR is_time_doubtful) THEN 'review'
             ELSE first_decision END AS decision,
        CASE WHEN gate_effect IN ('deny_all', 'redirect')
                  OR (gate_effect = 'block' AND first_decision IN ('pay', 'review')) THEN 'gate'
             WHEN is_pool_empty THEN 'rule'
             WHEN first_decision = 'pay' AND gate_effect = 'review' THEN 'gate'
             WHEN is_time_doubtful THEN 'time' ELSE 'rule' END AS because
    FROM judged
"""

# A paper that would only lift a hold is not asked for a line that is denied anyway.
NEEDLESS = """
    DELETE FROM required USING decided d, paper_rule w
    WHERE d.claim_key = required.claim_key AND d.item_key = required.item_key AND w.paper_no = required.paper_no
        AND w.missing_effect IN ('hold_line', 'review') AND d.decision = 'deny'
"""


def wanted_papers(profile: Profile, *, level: str, table: str) -> str:
    """A query for the papers of one level: rows of the table in which the condition holds, and whether it is there."""
    parts = []
    for number, one in enumerate(profile.documents):
        if one["level"] != level:
            continue
        codes = ", ".join(f"'{code}'" for code in [one["document_code"], *one["or_codes"].split()])
        form = WANTED_CLAIM if level == "claim" else WANTED_LINE
        parts.append(form.format(no=number, codes=codes, condition=one["condition"], table=table))
    return " UNION ALL ".join(parts)


def decide_lines(db: Tables, book: RuleBook, profile: Profile, cores: str) -> None:
    """The tables ``required`` and ``decided``."""
    columns = ("rule_id", "document_code", "document_ko", "mandatory", "missing_effect")
    papers: dict[str, Any] = {name: [one[name] for one in profile.documents] for name in columns}
    db.add("paper_rule", pa.table({"paper_no": list(range(len(profile.documents)))} | papers))
    rules, said = rule_tables(book, profile)
    db.add("rule", rules)
    db.add("rule_said", said)
    db.run(f"CREATE TABLE required AS {wanted_papers(profile, level='item', table='line')}")
    branches = " ".join(f"WHEN {_due(one)} THEN {number}" for number, one in enumerate(book.coverage))
    db.run(RULED.format(rules=branches))
    db.run(COUNTED.format(**_count_branches(book)))
    db.run(DECIDED.format(cores=cores))
    db.run(NEEDLESS)
    db.run(f"INSERT INTO required {wanted_papers(profile, level='claim', table='claim')}")
    db.run(
        "INSERT INTO required "
        + wanted_papers(
            profile, level="count", table="(SELECT *, count_no > count_max AS is_beyond_count FROM decided)"
        )
    )


def _due(rule: Mapping[str, Any]) -> str:
    """The condition of a rule with the days it holds, by the day of the accident."""
    limits = [f"({rule['when']})"]
    for key, sign in (("valid_from", ">="), ("valid_to", "<=")):
        day: date | None = rule.get(key)
        if day is not None:
            limits.append(f"rule_day {sign} DATE '{day}'")
    return " AND ".join(limits)


def _count_branches(book: RuleBook) -> dict[str, str]:
    """Branches ``WHEN rule number THEN …`` of caps, keys and limits of counts; never empty."""
    found: dict[str, list[str]] = {
        name: ["WHEN -1 THEN NULL"] for name in ("caps", "keys", "befores", "maxima", "weights", "mores")
    }
    for number, one in enumerate(book.coverage):
        cap = one.get("cap_won", one.get("cap"))
        if cap is not None:
            found["caps"].append(f"WHEN {number} THEN {cap}")
        if "count" not in one:
            continue
        count = one["count"]
        keys = ", ".join(f"coalesce({name}, '')" for name in count["by"])
        found["keys"].append(f"WHEN {number} THEN concat_ws('|', '{one['id']}', {keys})")
        before = "before_tooth" if "tooth" in count["by"] else "before_scope"
        found["befores"].append(f"WHEN {number} THEN {before}")
        found["maxima"].append(f"WHEN {number} THEN {count['max']}")
        if "weight" in count:
            found["weights"].append(f"WHEN {number} THEN {count['weight']}")
        if "more" in count:
            found["mores"].append(f"WHEN {number} THEN {count['more']}")
    return {name: " ".join(parts) for name, parts in found.items()}


def rule_tables(book: RuleBook, profile: Profile) -> tuple[pa.Table, pa.Table]:
    """What each coverage rule decides under the profile's settings, and what it says (``said``) in each case."""
    rows, texts = [], []
    for number, one in enumerate(book.coverage):
        decision, pool = one["decision"], one.get("pool", {})
        said = {"missing": one.get("missing"), "exceeded": one.get("count", {}).get("exceeded"), "pool": pool}
        rows.append(
            {
                "no": number,
                "rule_id": one["id"],
                "rule_decision": SAYS[str(profile[decision[1:]])] if decision[0] == "@" else decision,
                "rule_discretionary": bool(one.get("is_discretionary", False)),
                "is_receipt_needed": bool(one.get("is_receipt_needed", True)),
                "is_pooled": bool(pool) and profile[pool["setting"]] == pool["choice"],
                **{f"{name}_decision": (words or {}).get("decision") for name, words in said.items()},
            }
        )
        for name, words in ({"rule": one} | said).items():
            if words:
                spoken = {column: words[column] for column in ("reason_code", "ko", "en")}
                texts.append({"no": number, "said": name, **spoken})
    kinds = {int: pa.int64(), bool: pa.bool_()}
    schema = pa.schema([(name, kinds.get(type(value), pa.string())) for name, value in rows[0].items()])
    return pa.Table.from_pylist(rows, schema=schema), pa.Table.from_pylist(texts)
