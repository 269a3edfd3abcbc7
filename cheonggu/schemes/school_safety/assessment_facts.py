"""Facts the rules ask about: each claim with its day of filing and totals, each line with its receipt, name and past.

Tables made in the session: ``claim``, ``line`` (columns named in docs/school-assessment.md), ``paper`` and ``past_*``.
Claims of one accident in one call stand in the order they were filed, so that a later one sees the earlier.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.query import Tables
from cheonggu.schemes.school_safety.assessment_names import match_names, normalise
from cheonggu.schemes.school_safety.assessment_rules import Profile
from cheonggu.schemes.school_safety.channels import refused_channels
from cheonggu.schemes.school_safety.deadlines import limit_table, limit_years

# What is no medical cost that the patient bore (본인부담 진료비, AMB-02): certificates, and what no hospital got.
NOT_SPENT = "('FUTURE', 'CONSOLATION')"
NO_MEDICAL_COST = "('CERT_DIAG', 'CERT_OTHER', 'FUTURE', 'CONSOLATION', 'PROPERTY')"
CLAIM = """
    CREATE TABLE claim_base AS
    SELECT c.* EXCLUDE (case_kind, benefit_kind, victim_role, vehicle, has_signature, preexisting_won,
                        is_school_liability_asked, is_self_inflicted, is_caused_by_accident,
                        is_care_instruction_ignored, is_premium_unpaid, is_nhi_refunded, is_certificate_requested,
                        is_extra_requested, is_school_payee, victim_key),
        coalesce(case_kind, 'accident') AS case_kind, coalesce(benefit_kind, 'care') AS benefit_kind,
        coalesce(victim_role, 'pupil') AS victim_role, coalesce(vehicle, 'none') AS vehicle,
        coalesce(has_signature, true) AS has_signature, coalesce(preexisting_won, 0) AS preexisting_won,
        coalesce(is_school_liability_asked, false) AS is_school_liability_asked,
        coalesce(is_self_inflicted, false) AS is_self_inflicted,
        coalesce(is_caused_by_accident, false) AS is_caused_by_accident,
        coalesce(is_care_instruction_ignored, false) AS is_care_instruction_ignored,
        coalesce(is_premium_unpaid, false) AS is_premium_unpaid,
        coalesce(is_nhi_refunded, false) AS is_nhi_refunded,
        coalesce(is_certificate_requested, false) AS is_certificate_requested,
        coalesce(is_extra_requested, false) AS is_extra_requested,
        coalesce(is_school_payee, false) AS is_school_payee,
        coalesce(victim_key, accident_key) AS victim_key,
        channel IN (SELECT channel FROM refused_channel) AS is_channel_refused,
        CASE WHEN channel IN (SELECT channel FROM refused_channel) THEN s.today
             WHEN s.filing_day = 'earliest'
             THEN coalesce(least(submitted_on, association_received_on, school_received_on), s.today)
             ELSE coalesce(least(submitted_on, association_received_on), s.today) END AS filed_on,
        coalesce(r.has_auto_receipt, false) AS has_auto_receipt,
        coalesce(r.has_slip_as_receipt, false) AS has_slip_as_receipt
    FROM claims c CROSS JOIN s
    LEFT JOIN (SELECT claim_key, bool_or(patient_class = 'auto') AS has_auto_receipt,
                      bool_or(receipt_kind = 'card_slip') AS has_slip_as_receipt
               FROM receipts GROUP BY claim_key) r USING (claim_key)
"""
# A decided line whose category was found from its name, and never written, counts in the same category again.
HISTORY = """
    CREATE TABLE history_line AS
    SELECT h.* EXCLUDE (line_cat),
        coalesce(h.line_cat, CASE WHEN n.is_ambiguous THEN NULL ELSE n.name_cat END, 'OTHER') AS line_cat
    FROM history h LEFT JOIN name_match n ON n.name = h.name
"""
LINE = """
    CREATE TABLE line_base AS
    SELECT i.* EXCLUDE (line_cat, receipt_key, is_incurred, times), coalesce(i.is_incurred, true) AS is_incurred,
        coalesce(i.times, 1) AS times, coalesce(i.receipt_key, o.receipt_key) AS receipt_key,
        coalesce(i.line_cat, CASE WHEN n.is_ambiguous THEN NULL ELSE n.name_cat END) AS line_cat,
        i.line_cat IS NULL AND coalesce(n.is_ambiguous, false) AS is_name_ambiguous,
        CASE WHEN n.is_ambiguous THEN NULL ELSE n.name_role END AS name_role,
        CASE WHEN n.is_ambiguous THEN NULL ELSE n.name_cat END AS name_cat,
        CASE WHEN n.is_ambiguous THEN NULL ELSE n.name_of END AS name_of
    FROM items i
    LEFT JOIN (SELECT claim_key, min(receipt_key) AS receipt_key FROM receipts GROUP BY claim_key
               HAVING count(*) = 1) o ON o.claim_key = i.claim_key
    LEFT JOIN name_match n ON n.name = i.name
"""
TOTALS = f"""
    CREATE TABLE claim AS
    WITH line_sum AS (
        SELECT claim_key, sum(amount_won)::BIGINT AS claimed_won,
            coalesce(sum(amount_won) FILTER (nhi_class <> 'insurer_share' AND is_incurred
                AND coalesce(line_cat, '') NOT IN {NO_MEDICAL_COST} AND coalesce(name_cat, '') NOT IN {NOT_SPENT}),
                0)::BIGINT AS patient_medical_won,
            bool_or(starts_with(coalesce(line_cat, ''), 'DENT')) AS has_dental_line
        FROM line_base GROUP BY claim_key
    ), past AS (
        SELECT accident_key, sum(coalesce(amount_won, 0))::BIGINT AS claimed_won,
            coalesce(sum(amount_won) FILTER (coalesce(nhi_class, '') <> 'insurer_share'
                AND line_cat NOT IN {NO_MEDICAL_COST}), 0)::BIGINT AS patient_medical_won
        FROM history_line GROUP BY accident_key
    ), ranked AS (
        SELECT c.*, row_number() OVER (ORDER BY c.filed_on, c.claim_key) AS claim_rank,
            coalesce(l.claimed_won, 0) AS claimed_won, coalesce(l.patient_medical_won, 0) AS patient_medical_won,
            coalesce(l.has_dental_line, false) AS has_dental_line,
            coalesce(p.claimed_won, 0) AS past_claimed_won, coalesce(p.patient_medical_won, 0) AS past_medical_won
        FROM claim_base c LEFT JOIN line_sum l USING (claim_key) LEFT JOIN past p USING (accident_key)
    ), running AS (
        SELECT *, (past_claimed_won + sum(claimed_won) OVER w)::BIGINT AS running_claimed_won,
            (past_medical_won + sum(patient_medical_won) OVER w)::BIGINT AS running_medical_won
        FROM ranked WINDOW w AS (PARTITION BY accident_key ORDER BY claim_rank)
    ), compared AS (
        SELECT running.*,
            CASE WHEN s.total_scope = 'claim' THEN claimed_won ELSE running_claimed_won END AS paper_won,
            CASE WHEN s.certificate_fee_base = 'claimed' THEN claimed_won ELSE patient_medical_won END AS fee_won,
            CASE WHEN s.certificate_fee_base = 'claimed' THEN running_claimed_won
                 ELSE running_medical_won END AS running_fee_won
        FROM running CROSS JOIN s
    )
    SELECT c.*,
        paper_won > s.document_threshold_won
            OR (paper_won = s.document_threshold_won AND s.document_threshold_edge = 'from') AS is_above_threshold,
        s.total_scope = 'claim' AND {{over_fee}} OR s.total_scope = 'accident' AND {{over_running}} AS is_fee_due,
        {{over_running}} AS is_fee_due_on_running_total,
        a.end_on AS limit_from_accident_on, a.calendar_on AS accident_calendar_on
    FROM compared c CROSS JOIN s LEFT JOIN limit_end a ON a.day = c.accident_on
"""
OVER = (
    "({0} > s.certificate_fee_threshold_won OR ({0} = s.certificate_fee_threshold_won "
    "AND s.certificate_fee_edge = 'from'))"
)
PAPER = """
    CREATE TABLE paper AS
    SELECT DISTINCT d.claim_key, i.item_key, d.document_code
    FROM documents d JOIN items i ON i.claim_key = d.claim_key AND (d.item_key IS NULL OR d.item_key = i.item_key)
"""
PAST = """
    CREATE TABLE past_line AS
    SELECT h.* EXCLUDE (victim_key), coalesce(h.victim_key, h.accident_key) AS victim_key,
        CASE WHEN s.dental_count_scope = 'victim' THEN coalesce(h.victim_key, h.accident_key)
             ELSE h.accident_key END AS dental_scope
    FROM history_line h CROSS JOIN s WHERE h.paid_won > 0
"""


def prepare(tables: dict[str, pa.Table], profile: Profile, on: date) -> Tables:
    """A session with ``claim``, ``line_base``, ``paper``, ``past_line``, ``s`` and ``limit_end`` made."""
    db = Tables(**tables)
    settings: dict[str, Any] = {name: [value] for name, value in profile.settings.items()}
    db.add("s", pa.table(settings | {"today": pa.array([on], pa.date32())}))
    db.add("refused_channel", pa.table({"channel": pa.array(refused_channels(profile, on), pa.string())}))
    names = _names(tables)
    db.add(
        "name_match",
        match_names(names, profile.names, pain_pump_first=profile["pain_pump_first"] == "yes"),
    )
    db.add("name_norm", pa.table({"name": names, "norm": normalise(names)}))
    days = _days(tables)
    moves = profile["last_day_on_holiday"] == "moves"
    db.add("limit_end", limit_table(days, limit_years(on), moves=moves))
    over_fee, over_running = OVER.format("fee_won"), OVER.format("running_fee_won")
    for statement in (
        CLAIM, HISTORY, LINE, TOTALS.format(over_fee=over_fee, over_running=over_running), PAPER, PAST,
    ):  # fmt: skip
        db.run(statement)
    return db


def _names(tables: dict[str, pa.Table]) -> pa.Array:
    """Every name of a line now or earlier, once."""
    both = pa.chunked_array([*tables["items"]["name"].chunks, *tables["history"]["name"].chunks], pa.string())
    return pc.drop_null(pc.unique(both))


def _days(tables: dict[str, pa.Table]) -> list[date]:
    columns = (("claims", "accident_on"), ("claims", "disability_diagnosed_on"), ("receipts", "paid_on"))
    return [
        day for table, column in columns for day in pc.drop_null(pc.unique(tables[table][column])).to_pylist()
    ]
