"""Judgement of a batch (판정): the assessment's proposal per claim, what stops a claim, and whether a person decided.

The program proposes, a person decides: a claim whose proposal needs review goes on only when an instruction
``assessment_decided`` names exactly this proposal. A claim that changes gets another proposal, and needs another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from cheonggu import findings
from cheonggu.query import Tables
from cheonggu.schemes.school_safety.assessment import Assessment, assess
from cheonggu.schemes.school_safety.engine_tables import engine_tables
from cheonggu.schemes.school_safety.entry_check import find_lacking
from cheonggu.schemes.school_safety.judgements import make_finding, rules_by
from cheonggu.schemes.school_safety.paper_check import find_papers
from cheonggu.schemes.school_safety.reasons import explain_findings

DECIDED = "assessment_decided"
REVIEW, READY, BLOCKED = "review", "ready", "blocked"
DIGEST_CHARS = 8
PROPOSALS = pa.schema(
    [
        ("statement_key", pa.string()),
        ("outcome", pa.string()),
        ("is_approved", pa.bool_()),
        ("claimed_won", pa.int64()),
        ("payable_won", pa.int64()),
        ("denied_lines", pa.int64()),
        ("missing_papers", pa.string()),
        ("reason_codes", pa.string()),  # of the gates that hold
        ("proposal", pa.string()),  # names this proposal; what a person approves
    ]
)
SUMMED = """
SELECT c.claim_key AS statement_key, c.outcome, c.claimed_won, c.payable_won,
       coalesce(i.denied, 0)::BIGINT AS denied_lines, coalesce(p.codes, '') AS missing_papers,
       coalesce(g.codes, '') AS reason_codes, c.rule_ids, coalesce(i.lines, '') AS lines
FROM claims c
LEFT JOIN (SELECT claim_key, count(*) FILTER (decision = 'deny' AND amount_won > 0) AS denied,
                  string_agg(concat_ws(':', item_key, decision, payable_won), ' ' ORDER BY item_key) AS lines
           FROM items GROUP BY claim_key) i USING (claim_key)
LEFT JOIN (SELECT claim_key, string_agg(DISTINCT document_code, ' ' ORDER BY document_code) AS codes
           FROM papers WHERE NOT is_present AND mandatory = 'yes' GROUP BY claim_key) p USING (claim_key)
LEFT JOIN (SELECT claim_key, string_agg(DISTINCT reason_code, ' ' ORDER BY reason_code) AS codes
           FROM gates GROUP BY claim_key) g USING (claim_key)
ORDER BY statement_key
"""


def propose(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> pa.Table:
    """The proposal of every claim of a batch (``PROPOSALS``).

    ``context``: ``as_of``; ``decisions`` (statement_key, detail) and ``decided_line`` where they are known.
    """
    approved = _approved(context.get("decisions"))
    assessment = _assess(tables, context)
    db = Tables(
        claims=assessment.claims, items=assessment.items, papers=assessment.papers, gates=assessment.gates
    )
    rows = db.table(SUMMED).to_pylist()
    for row in rows:
        said = json.dumps([row[name] for name in ("outcome", "payable_won", "rule_ids", "lines")])
        row["proposal"] = hashlib.sha256(said.encode()).hexdigest()[:DIGEST_CHARS]
        row["is_approved"] = (row["statement_key"], row["proposal"]) in approved
    return pa.Table.from_pylist(
        [{name: row[name] for name in PROPOSALS.names} for row in rows], schema=PROPOSALS
    )


def _assess(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> Assessment:
    """The engine under the profile of the association's region."""
    as_of: date = context["as_of"]
    region = tables["association"]["region"][0].as_py()
    return assess(engine_tables(tables, context), region, as_of)


def _approved(decisions: pa.Table | None) -> set[tuple[str, str]]:
    if decisions is None:
        return set()
    rows = decisions.to_pylist()
    return {(row["statement_key"], str(json.loads(row["detail"]).get("proposal", ""))) for row in rows}


def judge(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> pa.Table:
    """Findings of a batch whose shapes hold: papers that cannot be used, entries the form does not take, claims that
    may not go."""
    if not len(tables["benefit_claim"]):
        return findings.none_found()
    stopped = explain_findings(_stopped(propose(tables, context)), tables, context["as_of"])
    return findings.from_rows([*find_papers(tables, context["files"]), *find_lacking(tables), *stopped])


def _stopped(proposals: pa.Table) -> Iterator[dict[str, Any]]:
    """One finding per reason of a blocked claim, else one for its outcome."""
    by_reason, by_outcome = rules_by("reason"), rules_by("outcome")
    for row in proposals.to_pylist():
        outcome = row["outcome"]
        if outcome == READY or (outcome == REVIEW and row["is_approved"]):
            continue
        blocking = [by_reason[code] for code in row["reason_codes"].split() if code in by_reason]
        for rule_id in blocking if outcome == BLOCKED else [by_outcome[outcome]]:
            yield make_finding(rule_id, row["statement_key"], "assessment", _detail(row))


def _detail(row: Mapping[str, Any]) -> str:
    parts = [f"proposal {row['proposal']}", f"{row['payable_won']} of {row['claimed_won']} won"]
    parts += [text for text in (row["reason_codes"], row["missing_papers"]) if text]
    return ", ".join(parts)
