"""From decisions to money: never more than was really paid, the deductions in their order, and what is said.

Per receipt the payable lines, less ⑤ and what earlier claims were paid on it, stay within ⑨ + ⑪; the excess comes off
the last lines. Then per claim: ⑤, the pre-existing part, other statutory compensation; never below 0.
"""

from __future__ import annotations

import pyarrow as pa

from cheonggu.query import Tables
from cheonggu.schemes.school_safety.assessment_rules import RuleBook
from cheonggu.schemes.school_safety.assessment_tables import CLAIMS, GATES, ITEMS, PAPERS

PAID = """
    CREATE TABLE paid AS
    WITH money AS (
        SELECT place, line_no, victim_key, receipt_key, claim_rank, nhi_class, paid_won, over_cap_won, decision,
            CASE WHEN decision = 'pay' THEN fit_won ELSE 0 END AS pay_won,
            decision = 'pay' AND NOT has_no_receipt AND is_receipt_needed AS has_limit
        FROM decided
    ), by_claim AS (
        SELECT victim_key, receipt_key, claim_rank, max(over_cap_won) AS over_cap_won,
            sum(pay_won) FILTER (nhi_class = 'covered_copay') AS copay_won
        FROM money WHERE has_limit GROUP BY ALL
    ), over_cap AS (
        SELECT victim_key, receipt_key, claim_rank,
            least(over_cap_won, sum(coalesce(copay_won, 0)) OVER w) AS over_sum,
            least(over_cap_won, sum(coalesce(copay_won, 0)) OVER w)
                - least(over_cap_won, sum(coalesce(copay_won, 0)) OVER w - coalesce(copay_won, 0)) AS over_won
        FROM by_claim WINDOW w AS (PARTITION BY victim_key, receipt_key ORDER BY claim_rank)
    ), before AS (
        SELECT victim_key, receipt_key, sum(paid_won) AS before_won FROM past_line
        WHERE receipt_key IS NOT NULL GROUP BY ALL
    ), summed AS (
        SELECT m.*, o.over_won,
            sum(m.pay_won) OVER lines - greatest(0, m.paid_won + o.over_sum - coalesce(b.before_won, 0)) AS excess
        FROM money m
        LEFT JOIN over_cap o ON m.has_limit AND o.victim_key = m.victim_key AND o.receipt_key = m.receipt_key
            AND o.claim_rank = m.claim_rank
        LEFT JOIN before b ON b.victim_key = m.victim_key AND b.receipt_key = m.receipt_key
        WINDOW lines AS (PARTITION BY m.victim_key, m.receipt_key, m.has_limit
                         ORDER BY m.claim_rank, coalesce(m.line_no, m.place), m.place ROWS UNBOUNDED PRECEDING)
    ), highest AS (
        SELECT *, greatest(0, max(excess) OVER lines) AS excess_now,
            greatest(0, coalesce(max(excess) OVER (lines ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))
                AS excess_before
        FROM summed
        WINDOW lines AS (PARTITION BY victim_key, receipt_key, has_limit
                         ORDER BY claim_rank, coalesce(line_no, place), place)
    ), trimmed AS (
        SELECT *, CASE WHEN has_limit THEN excess_now - excess_before ELSE 0 END AS not_paid_won FROM highest
    )
    SELECT d.*, t.pay_won, t.over_won, t.not_paid_won, (t.pay_won - t.not_paid_won)::BIGINT AS payable_won,
        d.decision = 'pay' AND t.not_paid_won > 0 AND t.pay_won = t.not_paid_won AS is_all_unpaid
    FROM decided d JOIN trimmed t USING (place)
"""
ITEM = """
    WITH spoken AS (
        SELECT p.*,
            CASE WHEN is_all_unpaid THEN 'deny' ELSE decision END AS last_decision,
            CASE WHEN is_all_unpaid THEN unpaid.reason_code WHEN because = 'gate' THEN g.reason_code
                 WHEN because = 'time' THEN late.reason_code ELSE r.reason_code END AS last_code,
            CASE WHEN is_all_unpaid THEN unpaid.ko WHEN because = 'gate' THEN g.reason_ko
                 WHEN because = 'time' THEN late.ko ELSE r.ko END
                || CASE WHEN not_paid_won > 0 AND NOT is_all_unpaid THEN '. ' || unpaid.ko ELSE '' END AS text_ko,
            CASE WHEN is_all_unpaid THEN unpaid.en WHEN because = 'gate' THEN g.reason_en
                 WHEN because = 'time' THEN late.en ELSE r.en END
                || CASE WHEN not_paid_won > 0 AND NOT is_all_unpaid THEN '; ' || unpaid.en ELSE '' END AS text_en,
            concat_ws(' ', p.rule_id,
                CASE WHEN is_held OR (missing_deny AND first_decision = 'deny') THEN lacking_ids END,
                CASE WHEN because = 'gate' THEN gate_id WHEN because = 'time' THEN late.id END,
                CASE WHEN not_paid_won > 0 THEN unpaid.id END) AS all_ids
        FROM paid p JOIN rule_said r ON r.no = p.rule_no AND r.said = p.said
        LEFT JOIN heaviest g ON g.claim_key = p.claim_key
        CROSS JOIN (SELECT * FROM total_rule WHERE id = 'G-05') unpaid
        CROSS JOIN (SELECT * FROM total_rule WHERE id = 'T01') late
    )
    SELECT claim_key, item_key, line_cat, name_of AS matched_name, last_decision AS decision, amount_won,
        payable_won,
        CASE WHEN last_decision = 'hold' AND first_decision IN ('pay', 'hold')
             AND rule_decision = 'pay' THEN fit_won ELSE 0 END AS payable_if_cured_won,
        CASE WHEN last_decision = 'review' THEN fit_won ELSE 0 END AS payable_max_won,
        CASE WHEN first_decision IN ('pay', 'hold', 'review') OR is_exceeded THEN cap_won END AS cap_won,
        CASE WHEN count_key IS NOT NULL THEN count_no END AS count_no,
        CASE WHEN count_key IS NOT NULL THEN count_max END AS count_max,
        is_discretionary AND last_decision IN ('pay', 'hold') AS is_discretionary,
        last_code AS reason_code, all_ids AS rule_ids, {ko} AS reason_ko, {en} AS reason_en
    FROM spoken ORDER BY place
"""
FILLED = (
    "replace(replace(replace(replace({0}, '{{cap}}', coalesce(format('{{:,}}', cap_won), '')), "
    "'{{max}}', coalesce(count_max::VARCHAR, '')), '{{tooth}}', coalesce(tooth, '')), "
    "'{{name}}', coalesce(name_of, ''))"
)
CLAIM = """
    WITH lines AS (
        SELECT claim_key, sum(pay_won) AS pay_won, sum(payable_won) AS lines_won,
            count(*) AS lines, count(*) FILTER (line_time = 'barred') AS barred,
            count(*) FILTER (line_time = 'unknown') AS unknown, count(*) FILTER (line_time = 'review') AS doubtful,
            bool_or(not_paid_won > 0) AS has_unpaid
        FROM paid GROUP BY claim_key
    ), receipts_over AS (
        SELECT claim_key, sum(over_won) AS over_won FROM (
            SELECT DISTINCT claim_key, receipt_key, over_won FROM paid WHERE over_won IS NOT NULL) GROUP BY claim_key
    ), items AS (
        SELECT claim_key, count(*) FILTER (decision = 'pay') AS pays, count(*) FILTER (decision = 'deny') AS denies,
            count(*) FILTER (decision = 'hold') AS holds, count(*) FILTER (decision = 'review') AS reviews,
            sum(payable_if_cured_won) AS held_won, sum(payable_max_won) AS review_won
        FROM item GROUP BY claim_key
    ), papers AS (
        SELECT claim_key,
            bool_or(missing_effect = 'supplement' OR missing_effect = 'hold_line') AS needs_papers,
            bool_or(missing_effect = 'review') AS needs_look,
            string_agg(DISTINCT document_ko, ', ' ORDER BY document_ko) FILTER (missing_effect <> 'deny_line')
                AS lacking_ko
        FROM required JOIN paper_rule USING (paper_no) WHERE NOT is_present GROUP BY claim_key
    ), gated AS (
        SELECT claim_key, bool_or(effect = 'block') AS is_blocked, bool_or(effect = 'deny_all') AS is_denied,
            bool_or(effect = 'redirect') AS is_redirected, bool_or(effect IN ('review', 'flag')) AS needs_person,
            string_agg(rule_id, ' ' ORDER BY weight, gate_no) AS gate_ids
        FROM gate GROUP BY claim_key
    ), sums AS (
        SELECT c.*, l.*, i.*, p.*, g.*, h.reason_ko AS gate_ko, h.reason_en AS gate_en,
            least(coalesce(o.over_won, 0), l.lines_won) AS over_cap_off,
            l.lines_won - least(coalesce(o.over_won, 0), l.lines_won) AS net_won,
            least(greatest(0, l.pay_won - coalesce(o.over_won, 0) - c.preexisting_won),
                  l.lines_won - least(coalesce(o.over_won, 0), l.lines_won)) AS rest_won
        FROM claim c LEFT JOIN lines l USING (claim_key) LEFT JOIN items i USING (claim_key)
        LEFT JOIN papers p USING (claim_key) LEFT JOIN gated g USING (claim_key)
        LEFT JOIN receipts_over o USING (claim_key) LEFT JOIN heaviest h USING (claim_key)
    ), settled AS (
        SELECT *, least(other_compensation_won, rest_won) AS other_off,
            rest_won - least(other_compensation_won, rest_won) AS payable,
            CASE WHEN barred = lines THEN 'barred' WHEN unknown > 0 THEN 'unknown'
                 WHEN doubtful + barred > 0 THEN 'review' ELSE 'ok' END AS limit_word
        FROM sums
    ), worded AS (
        SELECT *, CASE WHEN is_blocked THEN 'blocked' WHEN is_denied THEN 'deny_all'
                WHEN is_redirected THEN 'redirect' WHEN limit_word = 'barred' THEN 'barred'
                WHEN needs_papers OR holds > 0 THEN 'supplement'
                WHEN reviews > 0 OR needs_person OR needs_look OR limit_word <> 'ok' THEN 'review'
                ELSE 'ready' END AS word
        FROM settled
    )
    SELECT claim_key, word AS outcome, limit_word AS time_limit, filed_on,
        coalesce(limit_from_accident_on, accident_calendar_on) AS limit_from_accident_on, claimed_won,
        patient_medical_won, lines_won, over_cap_off AS over_cap_won, net_won - rest_won AS preexisting_won,
        other_off AS other_compensation_won, payable AS payable_won, held_won, review_won,
        concat_ws(' ', gate_ids, CASE WHEN limit_word = 'barred' THEN 'E13' WHEN limit_word <> 'ok' THEN 'T01' END,
            CASE WHEN has_unpaid THEN 'G-05' END, CASE WHEN over_cap_off > 0 THEN 'O-05' END,
            CASE WHEN net_won > rest_won THEN 'G-06' END, CASE WHEN other_off > 0 THEN 'O-02' END,
            CASE WHEN private_insurance_won > 0 THEN 'O-03' END) AS rule_ids,
        CASE WHEN gate_ko IS NOT NULL THEN gate_ko || '. ' ELSE '' END
            || format('청구 {{:,}}원 중 지급안 {{:,}}원 (지급 {{}}줄, 부지급 {{}}줄, 보류 {{}}줄, 검토 {{}}줄)',
                      claimed_won, payable::BIGINT, pays, denies, holds, reviews)
            || CASE WHEN held_won > 0 THEN format(', 서류 보완 시 {{:,}}원', held_won::BIGINT) ELSE '' END
            || CASE WHEN review_won > 0 THEN format(', 검토 대상 최대 {{:,}}원', review_won::BIGINT) ELSE '' END
            || CASE WHEN payable < lines_won THEN format(', 공제 {{:,}}원', (lines_won - payable)::BIGINT) ELSE '' END
            || CASE WHEN lacking_ko IS NOT NULL THEN '. 없는 서류: ' || lacking_ko ELSE '' END
            || CASE limit_word WHEN 'ok' THEN '' WHEN 'barred' THEN '. 소멸시효 완성'
                    WHEN 'review' THEN '. 소멸시효 확인 필요' ELSE '. 소멸시효 끝날을 알 수 없음' END AS reason_ko,
        CASE WHEN gate_en IS NOT NULL THEN gate_en || '. ' ELSE '' END
            || format('{{:,}} won proposed of {{:,}} won claimed ({{}} lines pay, {{}} deny, {{}} hold, {{}} review)',
                      payable::BIGINT, claimed_won, pays, denies, holds, reviews) AS reason_en
    FROM worded ORDER BY place
"""
GATE = """
    SELECT claim_key, rule_id, effect, reason_code, where_ko, duties, reason_ko, reason_en
    FROM gate JOIN claim USING (claim_key) ORDER BY claim.place, weight, gate_no
"""
PAPER = """
    SELECT claim_key, q.item_key, w.rule_id, document_code, document_ko, mandatory, missing_effect, is_present
    FROM required q JOIN paper_rule w USING (paper_no) JOIN claim c USING (claim_key)
    LEFT JOIN line_base l ON l.claim_key = q.claim_key AND l.item_key = q.item_key
    ORDER BY c.place, l.place NULLS FIRST, q.paper_no
"""


def settle(db: Tables, book: RuleBook) -> dict[str, pa.Table]:
    """The result tables gates, papers, items and claims; order of claims and items as given."""
    columns = ("id", "reason_code", "ko", "en")
    db.add("total_rule", pa.table({name: [one[name] for one in book.totals.values()] for name in columns}))
    db.run(PAID)
    items = db.table(ITEM.format(ko=FILLED.format("text_ko"), en=FILLED.format("text_en"))).cast(ITEMS)
    db.add("item", items)
    return {
        "gates": db.table(GATE).cast(GATES),
        "papers": db.table(PAPER).cast(PAPERS),
        "items": items,
        "claims": db.table(CLAIM.format()).cast(CLAIMS),
    }
