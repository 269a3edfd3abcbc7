"""Each line with everything its rules ask: time limit, receipt, past payments, other lines of the tooth, scar sizes.

Makes the table ``line`` in the session. Sizes are in hundredths of cm and cm²; products of two in ten-thousandths.
"""

from __future__ import annotations

from cheonggu.query import Tables
from cheonggu.schemes.school_safety.assessment_rules import RuleBook

ONE = 10_000  # ten-thousandths of a cm or cm²
MOST = 9_999_999_999  # ten digits, the most an amount may be
FIRST_DAY_OF_RULES = "V01"
SCAR = """
    CREATE TABLE scar AS
    WITH typed AS (
        SELECT *, CASE WHEN scar_type = 'depression' THEN 'depression'
                       WHEN width_cm < {linear_below} THEN 'linear' WHEN width_cm IS NOT NULL THEN 'area'
                       WHEN scar_type IS NOT NULL THEN scar_type
                       WHEN area_cm2 IS NOT NULL THEN 'area' END AS kind,
            coalesce(area_cm2::HUGEINT * 100, length_cm::HUGEINT * width_cm) AS area
        FROM scars
    ), measured AS (
        SELECT typed.*, CASE kind WHEN 'linear' THEN length_cm::HUGEINT * 100 ELSE area END AS exact,
            CASE kind {rates} END AS rate
        FROM typed
    ), rounded AS (
        SELECT measured.*, rate * CASE s.scar_measure WHEN 'proportional' THEN exact
            WHEN 'whole_up' THEN (exact + {one} - 1) // {one} * {one} ELSE exact // {one} * {one} END AS part
        FROM measured CROSS JOIN s
    )
    SELECT claim_key, item_key, count(*) AS scars,
        CASE WHEN count(part) = count(*) THEN least(sum(part) // {one}, {most})::BIGINT END AS scar_cap_won,
        CASE WHEN count(area) = count(*) THEN sum(area) END AS laser_area
    FROM rounded GROUP BY claim_key, item_key
"""
JOINED = """
    CREATE TABLE joined AS
    SELECT l.*, c.accident_key, c.victim_key, c.claim_rank, c.is_closed, c.is_fee_due, c.is_fee_due_on_running_total,
        c.is_certificate_requested, c.filed_on,
        CASE WHEN s.earlier_accidents = 'review' THEN c.accident_on
             ELSE greatest(c.accident_on, {first_day}) END AS rule_day,
        c.accident_key AS accident_scope,
        CASE WHEN s.dental_count_scope = 'victim' THEN c.victim_key ELSE c.accident_key END AS dental_scope,
        r.claim_key IS NULL AS has_no_receipt, r.patient_class, r.paid_won, coalesce(r.over_cap_won, 0) AS over_cap_won,
        CASE s.time_limit_start
            WHEN 'accident' THEN CASE WHEN {inside_a} THEN 'ok' WHEN {unknown_a} THEN 'unknown' ELSE 'barred' END
            WHEN 'payment' THEN CASE WHEN {inside_p} THEN 'ok' WHEN {unknown_p} THEN 'unknown' ELSE 'barred' END
            ELSE CASE WHEN {inside_a} THEN 'ok' WHEN {unknown_a} THEN 'unknown' WHEN {inside_p} THEN 'review'
                      WHEN p.day IS NULL THEN 'review' WHEN {unknown_p} THEN 'unknown' ELSE 'barred' END
        END AS line_time,
        z.scars, z.scar_cap_won, CASE {bands} END AS laser_cap_won,
        CASE WHEN s.scar_count_unit = 'scar' THEN greatest(coalesce(z.scars, 1), 1) ELSE 1 END AS scar_weight,
        l.care_days * {per_day} AS care_cap_won,
        l.scar_cause = 'burn' AND (l.is_function_impaired OR l.is_disfiguring) AS is_burn_eligible,
        l.scar_cause = 'burn' AND NOT l.is_function_impaired AND NOT l.is_disfiguring AS is_burn_without_either
    FROM line_base l JOIN claim c ON c.claim_key = l.claim_key CROSS JOIN s
    LEFT JOIN receipts r ON r.claim_key = l.claim_key AND r.receipt_key = l.receipt_key
    LEFT JOIN limit_end p
        ON p.day = CASE WHEN c.benefit_kind = 'disability' THEN c.disability_diagnosed_on ELSE r.paid_on END
    LEFT JOIN scar z ON z.claim_key = l.claim_key AND z.item_key = l.item_key
"""
TWINS = """
    CREATE TABLE twin AS
    WITH past AS (
        SELECT h.*, n.norm FROM past_line h LEFT JOIN name_norm n ON n.name = h.name WHERE h.receipt_key IS NOT NULL
    ), now AS (
        SELECT j.*, n.norm FROM joined j LEFT JOIN name_norm n ON n.name = j.name WHERE j.receipt_key IS NOT NULL
    ), before AS (
        SELECT now.place, bool_or(now.line_no = past.line_no) AS is_paid,
            bool_or((now.line_no IS NULL OR past.line_no IS NULL) AND now.norm = past.norm
                    AND now.amount_won = past.amount_won) AS is_maybe
        FROM now JOIN past ON past.victim_key = now.victim_key AND past.receipt_key = now.receipt_key
            AND coalesce(past.nhi_class, now.nhi_class) = now.nhi_class
        GROUP BY now.place
    ), here AS (
        SELECT place, row_number() OVER (PARTITION BY victim_key, receipt_key, line_no, nhi_class
                                         ORDER BY claim_rank, amount_won DESC, item_key) > 1 AS is_twin
        FROM now WHERE line_no IS NOT NULL AND NOT is_closed
    )
    SELECT place, coalesce(before.is_paid, false) OR coalesce(here.is_twin, false) AS is_paid_before,
        coalesce(before.is_maybe, false) AS is_maybe_paid_before
    FROM before FULL JOIN here USING (place)
"""
LINE = """
    CREATE TABLE line AS
    WITH past AS (
        SELECT dental_scope, tooth, count(*) FILTER (line_cat = 'DENT_CROWN') AS crowns,
            count(*) FILTER (line_cat IN {cores}) AS cores, count(*) FILTER (line_cat = 'DENT_IMPLANT') AS implants
        FROM past_line WHERE tooth IS NOT NULL AND coalesce(nhi_class, 'noncovered') = 'noncovered'
        GROUP BY dental_scope, tooth
    ), marked AS (
        SELECT j.*, coalesce(t.is_paid_before, false) AS is_paid_before,
            coalesce(t.is_maybe_paid_before, false) AS is_maybe_paid_before,
            coalesce(p.crowns, 0) AS past_crowns, coalesce(p.cores, 0) AS past_cores,
            coalesce(p.implants, 0) AS past_implants,
            j.nhi_class = 'noncovered' AND j.line_time <> 'barred' AND NOT coalesce(t.is_paid_before, false)
                AND (NOT j.is_closed) AND j.amount_won > 0 AS may_count
        FROM joined j LEFT JOIN twin t USING (place)
        LEFT JOIN past p ON p.dental_scope = j.dental_scope AND p.tooth = j.tooth
    )
    SELECT *,
        past_crowns > 0 OR coalesce(min(claim_rank) FILTER (may_count AND line_cat = 'DENT_CROWN') OVER tooth_mates
                                    <= claim_rank, false) AS has_crown,
        past_cores > 0 OR coalesce(min(claim_rank) FILTER (may_count AND line_cat IN {cores}) OVER tooth_mates
                                   <= claim_rank, false) AS has_core,
        past_implants > 0 OR coalesce(min(claim_rank) FILTER (may_count AND line_cat = 'DENT_IMPLANT')
                                      OVER tooth_mates < claim_rank, false) AS has_implant_before,
        EXISTS (SELECT 1 FROM paper q WHERE q.claim_key = marked.claim_key AND q.item_key = marked.item_key
                AND q.document_code = 'OPINION_SCAR_EXTRA') AS has_scar_opinion
    FROM marked WINDOW tooth_mates AS (PARTITION BY dental_scope, coalesce(tooth, 'line ' || place))
"""
CORES = "('DENT_CORE', 'DENT_POST', 'DENT_RESIN')"


def make_lines(db: Tables, book: RuleBook) -> None:
    """The tables ``scar``, ``joined``, ``twin`` and ``line`` from what ``prepare`` and the gates made."""
    surgery, laser, care = (book.rule(one) for one in ("C11-s", "C11-l", "X04-f"))
    rates = " ".join(f"WHEN '{kind}' THEN {won}" for kind, won in surgery["rates"].items())
    db.run(SCAR.format(linear_below=surgery["linear_below_cm"] * 100, rates=rates, one=ONE, most=MOST))
    db.run(
        JOINED.format(
            first_day=f"DATE '{book.rule(FIRST_DAY_OF_RULES)['table_from']}'",
            bands=_bands(laser["bands"]),
            per_day=care["per_day_won"],
            inside_a="c.filed_on <= coalesce(c.limit_from_accident_on, c.accident_calendar_on)",
            unknown_a="c.limit_from_accident_on IS NULL",
            inside_p="c.filed_on <= coalesce(p.end_on, p.calendar_on)",
            unknown_p="p.end_on IS NULL",
        )
    )
    db.run(TWINS)
    db.run(LINE.format(cores=CORES))


def _bands(bands: list[dict[str, int]]) -> str:
    """The cap of a laser session by its area, as the branches of a CASE."""
    return " ".join(
        f"WHEN z.laser_area < {one['below_cm2'] * ONE} THEN {one['cap_won']}"
        if "below_cm2" in one
        else f"WHEN z.laser_area IS NOT NULL THEN {one['cap_won']}"
        for one in bands
    )
