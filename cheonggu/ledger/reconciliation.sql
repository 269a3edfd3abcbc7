-- Views over the tables that reconciliation.py registers: balance, claim, payment, deduction, told (findings),
-- settled_line, cut, filed. Won throughout; sums are cast back to BIGINT because DuckDB sums to HUGEINT.
-- What other views ask more than once is a table: it is as large as the ledger and worked out only once.

CREATE TABLE statement AS
SELECT b.provider_code, b.claim_no, c.treatment_month, b.statement_no, b.statement_key, b.state, b.outcome,
       b.review_round, b.claimed,
       CASE WHEN b.outcome IN ('accepted', 'adjusted') THEN b.decided ELSE 0 END AS decided,
       CASE WHEN b.outcome IN ('accepted', 'adjusted') THEN b.reviewed_claimed - b.decided ELSE 0 END AS adjusted,
       CASE WHEN b.outcome = 'impossible' THEN b.reviewed_claimed ELSE 0 END AS impossible,
       CASE WHEN b.outcome = 'held' THEN b.reviewed_claimed ELSE 0 END AS held,
       CASE WHEN b.outcome IS NULL THEN b.claimed ELSE 0 END AS undecided,
       b.differences AS settled_difference,
       b.paid_final + b.paid_settled AS paid,
       (CASE WHEN b.outcome IN ('accepted', 'adjusted') THEN b.decided ELSE 0 END)
         + b.differences - b.paid_final - b.paid_settled AS open,
       coalesce(b.copay_refund, 0) AS copay_refund,
       b.final_lines > 0 AS has_payment,
       b.disputes > 0 AS is_disputed
FROM balance b JOIN claim c USING (provider_code, claim_no);

-- Findings of the round and document that decided a statement last.
CREATE VIEW finding AS
SELECT t.* FROM told t SEMI JOIN balance b USING (provider_code, claim_no, statement_no, review_round, document_no);

CREATE VIEW received AS
SELECT p.provider_code, p.claim_no,
       coalesce(sum(p.paid_amount) FILTER (p.kind = 'advance'), 0)::BIGINT AS advanced,
       coalesce(sum(p.paid_amount - p.withheld_amount) FILTER (p.kind <> 'advance'), 0)::BIGINT AS paid,
       coalesce(sum(p.withheld_amount) FILTER (p.kind = 'final'), 0)::BIGINT AS withheld
FROM payment p WHERE p.claim_no IS NOT NULL GROUP BY ALL;

CREATE VIEW set_off AS
SELECT p.provider_code, p.claim_no,
       coalesce(sum(d.amount) FILTER (d.kind = 'advance'), 0)::BIGINT AS advance_set_off,
       coalesce(sum(d.amount) FILTER (d.kind = 'copay-refund'), 0)::BIGINT AS refund_deducted
FROM payment p JOIN deduction d USING (document_no, seq) WHERE p.claim_no IS NOT NULL GROUP BY ALL;

CREATE VIEW taken_back AS
SELECT provider_code, claim_no, sum(recovery)::BIGINT AS prescription_recovery FROM cut GROUP BY ALL;

CREATE TABLE per_claim AS
WITH sums AS (
  SELECT provider_code, claim_no, count(*) AS statements, sum(claimed)::BIGINT AS claimed,
         sum(decided)::BIGINT AS decided, sum(adjusted)::BIGINT AS adjusted, sum(impossible)::BIGINT AS impossible,
         sum(held)::BIGINT AS held, sum(undecided)::BIGINT AS undecided,
         sum(settled_difference)::BIGINT AS settled_difference, sum(paid)::BIGINT AS given,
         sum(copay_refund)::BIGINT AS copay_refund
  FROM statement GROUP BY ALL)
SELECT s.provider_code, s.claim_no, c.treatment_month, c.state, c.receipt_year, c.receipt_no,
       s.statements, c.claimed_amount AS sent, s.claimed, s.decided, s.adjusted, s.impossible, s.held, s.undecided,
       s.settled_difference, coalesce(r.paid, 0) AS paid, coalesce(r.paid, 0) - s.given AS not_given,
       s.decided + s.settled_difference - coalesce(r.paid, 0) AS open,
       coalesce(r.advanced, 0) AS advanced, coalesce(o.advance_set_off, 0) AS advance_set_off,
       coalesce(r.withheld, 0) AS withheld,
       s.copay_refund, coalesce(o.refund_deducted, 0) AS refund_deducted,
       coalesce(t.prescription_recovery, 0) AS prescription_recovery
FROM sums s JOIN claim c USING (provider_code, claim_no)
LEFT JOIN received r USING (provider_code, claim_no)
LEFT JOIN set_off o USING (provider_code, claim_no)
LEFT JOIN taken_back t USING (provider_code, claim_no);

-- What the payer's share of a cut is per finding: spread over the printed gross cuts of the statement's outcome, in
-- order, so that the parts add up to the won; what no finding explains is a row of its own.
CREATE VIEW line AS
WITH wanted AS (
  SELECT provider_code, claim_no, statement_no, outcome, adjusted + impossible + held AS cut
  FROM statement WHERE outcome IS NOT NULL AND (adjusted + impossible + held <> 0 OR outcome <> 'accepted')),
ranked AS (
  SELECT f.*, f.finding_class = w.outcome AS counts, w.cut,
         coalesce(f.amount_with_surcharge, f.amount) AS gross
  FROM finding f LEFT JOIN wanted w USING (provider_code, claim_no, statement_no)),
summed AS (
  SELECT *, sum(gross) FILTER (counts) OVER whole AS all_gross,
         sum(CASE WHEN counts THEN gross ELSE 0 END) OVER so_far AS upto_gross
  FROM ranked
  WINDOW whole AS (PARTITION BY provider_code, claim_no, statement_no),
         so_far AS (PARTITION BY provider_code, claim_no, statement_no ORDER BY seq)),
spread AS (
  SELECT provider_code, claim_no, statement_no, seq, line_no, finding_class, code, detail_code, gross AS gross_cut,
         CASE WHEN counts AND all_gross > 0
              THEN (upto_gross::HUGEINT * cut // all_gross - (upto_gross - gross)::HUGEINT * cut // all_gross)::BIGINT
              ELSE 0 END AS payer_cut,
         text
  FROM summed)
SELECT * EXCLUDE (seq) FROM (
  SELECT * FROM spread
  UNION ALL
  SELECT w.provider_code, w.claim_no, w.statement_no, 0, NULL, w.outcome, '', NULL, 0,
         (w.cut - coalesce(s.told, 0))::BIGINT, NULL
  FROM wanted w LEFT JOIN (
    SELECT provider_code, claim_no, statement_no, sum(payer_cut)::BIGINT AS told FROM spread GROUP BY ALL) s
    USING (provider_code, claim_no, statement_no)
  WHERE w.cut <> coalesce(s.told, 0)
  UNION ALL
  SELECT l.provider_code, l.claim_no, l.statement_no, 1000000000 + l.seq, l.line_no, 'settled',
         coalesce(l.settled_reason, l.previous_reason, ''), l.settle_round,
         (l.previous_amount - l.settled_amount)::BIGINT, 0, NULL
  FROM settled_line l)
ORDER BY provider_code, claim_no, statement_no, seq;

CREATE VIEW item AS
WITH waiting AS (
  SELECT s.*, c.not_given, c.refund_deducted, c.copay_refund AS claim_refund
  FROM statement s JOIN per_claim c USING (provider_code, claim_no))
SELECT provider_code, claim_no, statement_no, 'undecided' AS kind, undecided AS amount FROM waiting WHERE outcome IS NULL
UNION ALL
SELECT provider_code, claim_no, statement_no, 'held', held FROM waiting WHERE outcome = 'held'
UNION ALL
SELECT provider_code, claim_no, statement_no, 'impossible', impossible FROM waiting WHERE state = 'IMPOSSIBLE' AND impossible <> 0
UNION ALL
SELECT provider_code, claim_no, statement_no, 'refused', impossible FROM waiting WHERE state = 'REFUSED_BY_PAYER' AND impossible <> 0
UNION ALL
SELECT provider_code, claim_no, statement_no, 'disputed', adjusted + impossible FROM waiting WHERE is_disputed
UNION ALL
SELECT provider_code, claim_no, statement_no,
       CASE WHEN open < 0 THEN 'recovery-due'
            WHEN has_payment OR outcome NOT IN ('accepted', 'adjusted') THEN 'difference-due'
            WHEN not_given > 0 THEN 'part-paid' ELSE 'unpaid' END,
       open
FROM waiting WHERE open <> 0
UNION ALL
SELECT provider_code, claim_no, statement_no, 'copay-refund', copay_refund
FROM waiting WHERE copay_refund <> 0 AND refund_deducted < claim_refund
UNION ALL
SELECT provider_code, claim_no, NULL, 'payment-not-given', -not_given FROM per_claim WHERE not_given <> 0
UNION ALL
SELECT provider_code, claim_no, NULL, 'refund-deducted', -refund_deducted
FROM per_claim WHERE refund_deducted > 0 AND refund_deducted <> copay_refund
UNION ALL
SELECT provider_code, claim_no, NULL, 'advance', advanced - advance_set_off
FROM per_claim WHERE advanced <> advance_set_off
UNION ALL
SELECT provider_code, claim_no, NULL, 'withheld', withheld FROM per_claim WHERE withheld > 0 AND open > 0
UNION ALL
SELECT provider_code, claim_no, NULL, 'prescription-recovery', -prescription_recovery
FROM per_claim WHERE prescription_recovery <> 0
UNION ALL
SELECT p.provider_code, NULL, NULL, 'deduction:' || d.kind, -sum(d.amount)::BIGINT
FROM payment p JOIN deduction d USING (document_no, seq)
WHERE d.kind IN ('recovery-a', 'recovery-b', 'recovery-c', 'deduction', 'arbitration-loan', 'arbitration-levy')
  AND NOT (p.kind = 'settlement' AND p.claim_no IS NOT NULL AND d.kind LIKE 'recovery-%')
GROUP BY ALL
UNION ALL
SELECT provider_code, NULL, NULL, 'payment-unmatched', paid_amount FROM payment WHERE claim_no IS NULL
ORDER BY ALL;
