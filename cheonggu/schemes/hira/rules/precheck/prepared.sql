-- Words and tables the rules share. Runs once per check, after the tables are loaded.

-- Empty text of the wire: spaces or nothing.
CREATE MACRO is_blank(entry) AS coalesce(trim(entry), '') = '';

-- A text with one sign per byte of the wire: a sign beyond ASCII takes two in CP949.
CREATE MACRO as_bytes(entry) AS CASE
    WHEN strlen(entry) = length(entry) THEN entry
    ELSE regexp_replace(entry, '[^\x00-\x7F]', '@@', 'g')
END;

-- CCYYMMDD as a day; null when it is not a real day.
CREATE MACRO to_day(entry) AS CASE
    WHEN strlen(entry) = 8 AND regexp_full_match(entry, '\d{8}') THEN CAST(try_strptime(entry, '%Y%m%d') AS DATE)
END;

-- CCYYMMDD or CCYYMMDDHHMM that names a real day (and minute; 24:00 is accepted).
CREATE MACRO is_stamp(entry) AS coalesce(
    to_day(substr(entry, 1, 8)) IS NOT NULL
    AND (strlen(entry) = 8 OR (substr(entry, 9, 2) <= '24' AND substr(entry, 11, 2) <= '59')),
    false
);

-- Floor to 10 won.
CREATE MACRO floor10(won) AS won - won % 10;

-- Statement serial as a number: 00001 is 1, A0000 is 100000; null when malformed.
CREATE MACRO serial_of(statement_no) AS CASE
    WHEN regexp_full_match(statement_no, '\d{5}') THEN CAST(statement_no AS BIGINT)
    WHEN regexp_full_match(statement_no, '[A-Z]\d{4}')
        THEN 100000 + (ascii(statement_no) - 65) * 10000 + CAST(substr(statement_no, 2) AS BIGINT)
END;

-- Birthday from the resident number: the seventh digit names the century.
CREATE MACRO birthday(rrn) AS CASE
    WHEN strlen(rrn) = 13 AND regexp_full_match(substr(rrn, 1, 6), '\d{6}') THEN CAST(try_strptime(
        CASE
            WHEN substr(rrn, 7, 1) IN ('1', '2', '5', '6') THEN '19'
            WHEN substr(rrn, 7, 1) IN ('3', '4', '7', '8') THEN '20'
            ELSE '18'
        END || substr(rrn, 1, 6),
        '%Y%m%d'
    ) AS DATE)
END;

-- Sections of benefit items that count into total 1.
CREATE MACRO is_benefit_section(hang) AS hang IN ('01', '02', '03', '04', '05', '06', '07', '08', '09', '10', 'S', 'T', 'L');

-- State-paid veterans (보훈 국비).
CREATE MACRO is_state_paid(injury_work_class) AS coalesce(injury_work_class IN ('4', '7', 'B', 'D'), false);

-- Start day, main diagnosis and department of each statement from its diagnosis rows.
CREATE TABLE diagnosed AS
SELECT
    statement_no,
    min(to_day(care_start_date)) AS start_on,
    max(to_day(care_start_date)) AS newest_on,
    count(*) FILTER (diagnosis_class = '1') AS mains,
    min(diagnosis_code) FILTER (diagnosis_class = '1') AS main_code,
    min(department) FILTER (diagnosis_class = '1') AS department,
    min(license_no) FILTER (diagnosis_class = '1') AS license_no
FROM dx
GROUP BY statement_no;

-- One row per statement with what the rules ask most. `last_on` is the last day of care as far as the wire tells:
-- start and days of stay for inpatients, the visit day for outpatients.
CREATE TABLE visit AS
SELECT
    s.statement_no,
    s.form_no,
    coalesce(f.insurance, c.insurance) AS insurance,
    coalesce(f.setting, c.setting) AS setting,
    f.care_category,
    coalesce(trim(s.claim_class), '') AS claim_class,
    coalesce(trim(s.injury_work_class), '') AS injury_work_class,
    coalesce(trim(s.medical_aid_class), '') AS medical_aid_class,
    s.patient_rrn,
    coalesce(s.visit_days, 0) AS visit_days,
    coalesce(s.benefit_days, 0) AS benefit_days,
    d.start_on,
    CASE
        WHEN coalesce(f.setting, c.setting) = 'in'
            THEN d.start_on + CAST(greatest(coalesce(s.visit_days, 1), 1) - 1 AS INTEGER)
        ELSE d.start_on
    END AS last_on,
    d.main_code,
    d.department,
    d.license_no,
    s.birth_on,
    CASE
        WHEN substr(s.patient_rrn, 7, 1) IN ('1', '3', '5', '7', '9') THEN 'M'
        WHEN substr(s.patient_rrn, 7, 1) IN ('0', '2', '4', '6', '8') THEN 'F'
    END AS sex,
    date_diff('day', s.birth_on, d.start_on) AS age_days,
    date_part('year', age(d.start_on, s.birth_on)) AS age
FROM (SELECT *, birthday(patient_rrn) AS birth_on FROM stmt) AS s
CROSS JOIN claim AS c
LEFT JOIN list_statement_form AS f ON f.code = s.form_no
LEFT JOIN diagnosed AS d ON d.statement_no = s.statement_no;

-- The day by which a rule's own validity is judged: start of care, else the treatment month; '' is the claim itself.
CREATE TABLE statement_day AS
SELECT statement_no, coalesce(start_on, (SELECT min(to_day(treatment_month || '01')) FROM header)) AS care_on
FROM visit
UNION ALL
SELECT '', (SELECT min(to_day(treatment_month || '01')) FROM header);

-- Special details of the statement (unit 1) and of care lines (unit 2).
CREATE TABLE noted AS
SELECT statement_no, detail_code AS code, trim(detail_text) AS entry FROM detail WHERE detail_unit = '1';
CREATE TABLE line_noted AS
SELECT statement_no, line_no, detail_code AS code, trim(detail_text) AS entry FROM detail WHERE detail_unit = '2';

-- Special symbols (특정기호) of a statement.
CREATE TABLE symbol AS
SELECT DISTINCT statement_no, entry AS symbol FROM noted WHERE code = 'MT002';

-- Diseases of each special symbol as claimed codes; '' where the list names a disease without a code of its own.
CREATE TABLE symbol_disease AS
SELECT DISTINCT symbol, replace(split_part(kcd, '(', 1), '.', '') AS code FROM list_special_symbol_kcd;

-- Codes of care lines, once each: what belongs to a group is looked for among them, not line by line.
CREATE TABLE billed_code AS SELECT DISTINCT line_code FROM line WHERE line_code IS NOT NULL;

-- Sums of care lines by statement, won.
CREATE TABLE line_sum AS
SELECT
    statement_no,
    sum(line_amount) FILTER (is_benefit_section(hang)) AS benefit_won,
    sum(line_amount) FILTER (hang = 'S') AS s_won,
    sum(line_amount) FILTER (hang = 'T') AS t_won,
    sum(line_amount) FILTER (hang IN ('A', 'B', 'D', 'E')) AS partial_won,
    sum(line_amount) FILTER (hang = 'U') AS full_won,
    sum(line_amount) FILTER (hang IN ('V', 'W')) AS veterans_won,
    sum(daily_qty * total_days) FILTER (hang = '01' AND mok IN ('01', '02')) AS consultations_x100
FROM line
GROUP BY statement_no;

-- Statements that are a slice or a split by any sign, so that days and doubles are judged differently.
CREATE TABLE split_statement AS
SELECT statement_no FROM visit WHERE claim_class IN ('2', '3')
UNION
SELECT statement_no FROM noted WHERE code IN ('MT037', 'MT065', 'MT045', 'MT030')
UNION
SELECT n.statement_no FROM noted AS n JOIN list_injury_cause AS i ON i.code = n.entry
WHERE n.code = 'MT001' AND i.kind <> 'external_cause';
