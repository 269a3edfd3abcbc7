-- A plausible hospital schema, and the views of the source contract over it (PostgreSQL).
-- Copy the views, exchange the tables for your own. Tables: schema "his"; views: schema "cheonggu".

-- [tables] what the hospital's own system may look like
CREATE SCHEMA his;

CREATE TABLE his.institution (
    code char(8) PRIMARY KEY, name varchar(40) NOT NULL, kind varchar(30) NOT NULL, is_rural boolean NOT NULL,
    claims_weekly boolean NOT NULL, representative varchar(20) NOT NULL, preparer varchar(20),
    preparer_birth varchar(13), software_approval varchar(35) NOT NULL, agency varchar(5), opened date, closed date
);
CREATE TABLE his.day_close (institution char(8) NOT NULL, day date NOT NULL, PRIMARY KEY (institution, day));
CREATE TABLE his.encounter (
    id varchar(40) PRIMARY KEY, institution char(8) NOT NULL, patient varchar(40) NOT NULL, form char(4) NOT NULL,
    payer char(1) NOT NULL, care_field char(1), department char(2) NOT NULL, started date NOT NULL, ended date NOT NULL,
    visit_of_day smallint NOT NULL, admission varchar(40), slice smallint, reviewed date, aid_office varchar(11),
    aid_class char(1), veteran_class char(1) NOT NULL, rate_class char(1), first_admitted date,
    insured_name varchar(60) NOT NULL, card varchar(20), benefit_days smallint NOT NULL, visit_days smallint NOT NULL,
    route char(2), outcome char(1) NOT NULL
);
CREATE TABLE his.patient (id varchar(40) PRIMARY KEY, name varchar(60) NOT NULL, rrn varchar(13) NOT NULL);
CREATE TABLE his.bill (
    encounter varchar(40) PRIMARY KEY, total1 numeric(12) NOT NULL, copay numeric(12) NOT NULL,
    ceiling_excess numeric(12) NOT NULL, claimed numeric(12) NOT NULL, support numeric(12) NOT NULL,
    disabled numeric(12) NOT NULL, loan numeric(12) NOT NULL, total2 numeric(12) NOT NULL,
    veterans numeric(12) NOT NULL, full_copay numeric(12) NOT NULL, veterans_copay numeric(12) NOT NULL,
    partial_total numeric(12) NOT NULL, partial_patient numeric(12) NOT NULL,
    partial_claimed numeric(12) NOT NULL, partial_veterans numeric(12) NOT NULL
);
CREATE TABLE his.disease (
    encounter varchar(40) NOT NULL, seq smallint NOT NULL, institution char(8) NOT NULL, month char(6) NOT NULL,
    rank char(1) NOT NULL, kcd varchar(7) NOT NULL, department char(2) NOT NULL, sub char(2), seen date NOT NULL,
    licence_kind char(1) NOT NULL, licence varchar(10) NOT NULL
);
CREATE TABLE his.order_item (
    encounter varchar(40) NOT NULL, seq integer NOT NULL, institution char(8) NOT NULL, month char(6) NOT NULL,
    hang varchar(2) NOT NULL, mok varchar(2) NOT NULL, code_kind char(1) NOT NULL, code varchar(9) NOT NULL,
    price numeric(12, 2) NOT NULL, per_day numeric(7, 2) NOT NULL, days smallint NOT NULL, dose numeric(9, 4),
    amount numeric(12) NOT NULL, formula varchar(10), changed date, licence_kind char(1), licence varchar(100)
);
CREATE TABLE his.outside_rx (
    encounter varchar(40) NOT NULL, no varchar(13) NOT NULL, seq smallint NOT NULL, institution char(8) NOT NULL,
    month char(6) NOT NULL, days smallint NOT NULL, code_kind char(1) NOT NULL, code varchar(9) NOT NULL,
    dose numeric(9, 4) NOT NULL, per_day smallint NOT NULL, total_days smallint NOT NULL, rate_class char(1)
);
CREATE TABLE his.special_note (
    encounter varchar(40) NOT NULL, seq smallint NOT NULL, institution char(8) NOT NULL, month char(6) NOT NULL,
    unit char(1) NOT NULL, rx_no varchar(13), item_seq integer, code char(5) NOT NULL, body text NOT NULL
);
CREATE TABLE his.doctor (
    institution char(8) NOT NULL, licence_kind char(1) NOT NULL, licence varchar(10) NOT NULL, born varchar(6) NOT NULL,
    is_part_time boolean NOT NULL, hired date NOT NULL, gone date
);
CREATE TABLE his.doctor_shift (institution char(8) NOT NULL, licence varchar(10) NOT NULL, day date NOT NULL);
CREATE TABLE his.therapist_shift (
    institution char(8) NOT NULL, therapist varchar(40) NOT NULL, day date NOT NULL, is_part_time boolean NOT NULL,
    is_holiday boolean NOT NULL
);
CREATE TABLE his.insurance_answer (
    encounter varchar(40) NOT NULL, institution char(8) NOT NULL, month char(6) NOT NULL, begins date NOT NULL, ends date,
    is_medical_aid boolean NOT NULL, aid_class char(1), near_poor char(1), is_veteran boolean NOT NULL,
    is_unpaid boolean NOT NULL, died date, asked timestamp NOT NULL, changed date, chosen_institution char(8),
    further varchar(200), PRIMARY KEY (encounter, begins)
);

-- [views] the contract over these tables
CREATE SCHEMA cheonggu;

CREATE VIEW cheonggu.cheonggu_provider AS
SELECT code AS provider_code, name AS provider_name, kind AS provider_kind,
       CASE WHEN is_rural THEN 'eup_myeon' ELSE 'dong' END AS area,
       CASE WHEN claims_weekly THEN 'week' ELSE 'month' END AS claim_unit,
       representative AS claimant_name, preparer AS preparer_name, preparer_birth AS preparer_birth_date,
       software_approval AS software_approval_no, agency AS agency_code, opened AS opened_on, closed AS closed_on
FROM his.institution;

CREATE VIEW cheonggu.cheonggu_closed_day AS
SELECT institution AS provider_code, day AS care_on FROM his.day_close;

CREATE VIEW cheonggu.cheonggu_statement AS
SELECT e.id AS statement_key, e.institution AS provider_code,
       (extract(year FROM e.ended) * 100 + extract(month FROM e.ended))::integer::text AS care_month,
       e.patient AS patient_key, e.form AS form_no, e.payer AS payer_class, e.care_field, e.department,
       e.started AS care_from, e.ended AS care_to, e.visit_of_day AS visit_serial, e.admission AS admission_key,
       coalesce(e.slice, 0) AS slice_no, e.reviewed AS reviewed_on, e.aid_office AS medical_aid_office_code,
       e.aid_class AS medical_aid_class, e.veteran_class AS injury_work_class, e.rate_class AS fixed_rate_class,
       e.first_admitted AS first_admission_date, e.insured_name AS subscriber_name, e.card AS insurance_card_no,
       p.name AS patient_name, p.rrn AS patient_rrn, e.benefit_days, e.visit_days, e.route AS admission_route,
       e.outcome AS treatment_result, b.total1 AS total_benefit_cost_1, b.copay AS patient_copay,
       b.ceiling_excess AS copay_ceiling_excess, b.claimed AS claimed_amount, b.support AS support_amount,
       b.disabled AS disability_medical_cost, b.loan AS loan_amount, b.total2 AS total_benefit_cost_2,
       b.veterans AS veterans_claimed_amount, b.full_copay AS full_copay_total, b.veterans_copay,
       b.partial_total AS partial_copay_total, b.partial_patient AS partial_copay_patient,
       b.partial_claimed AS partial_copay_claimed, b.partial_veterans AS partial_copay_veterans_claimed
FROM his.encounter e JOIN his.patient p ON p.id = e.patient JOIN his.bill b ON b.encounter = e.id;

CREATE VIEW cheonggu.cheonggu_diagnosis AS
SELECT encounter AS statement_key, institution AS provider_code, month AS care_month, seq AS diagnosis_seq,
       rank AS diagnosis_class, upper(replace(kcd, '.', '')) AS diagnosis_code, department,
       sub AS internal_medicine_sub, seen AS care_start_date, licence_kind AS license_type, licence AS license_no,
       ''::text AS tooth_upper_right, ''::text AS tooth_upper_left,
       ''::text AS tooth_lower_right, ''::text AS tooth_lower_left
FROM his.disease;

-- Prices become hundredths of a won, quantities hundredths, doses ten-thousandths: whole numbers, no floats.
CREATE VIEW cheonggu.cheonggu_line AS
SELECT encounter AS statement_key, institution AS provider_code, month AS care_month, seq AS line_seq, hang, mok,
       code_kind AS line_code_type, code AS line_code, (price * 100)::bigint AS unit_price,
       (per_day * 100)::bigint AS daily_qty, days AS total_days, (coalesce(dose, 0) * 10000)::bigint AS dose_qty,
       amount AS line_amount, formula AS adjust_class, changed AS change_date, licence_kind AS license_type,
       licence AS license_no, ''::text AS tooth_upper_right, ''::text AS tooth_upper_left,
       ''::text AS tooth_lower_right, ''::text AS tooth_lower_left
FROM his.order_item;

CREATE VIEW cheonggu.cheonggu_prescription AS
SELECT encounter AS statement_key, institution AS provider_code, month AS care_month, no AS prescription_no,
       seq AS line_seq, days AS prescription_days, code_kind AS line_code_type, code AS line_code,
       (dose * 10000)::bigint AS dose_qty, per_day AS daily_times, total_days, rate_class AS copay_rate_class
FROM his.outside_rx;

CREATE VIEW cheonggu.cheonggu_detail AS
SELECT encounter AS statement_key, institution AS provider_code, month AS care_month, seq AS detail_seq,
       unit AS detail_unit, rx_no AS prescription_no, coalesce(item_seq, 0) AS line_seq, code AS detail_code,
       body AS detail_text
FROM his.special_note;

CREATE VIEW cheonggu.cheonggu_doctor AS
SELECT institution AS provider_code, licence_kind AS license_type, licence AS license_no, born AS birth_date,
       CASE WHEN is_part_time THEN 'part' ELSE 'full' END AS employment, hired AS hired_on, gone AS left_on
FROM his.doctor;

CREATE VIEW cheonggu.cheonggu_doctor_day AS
SELECT institution AS provider_code, licence AS license_no, day AS worked_on FROM his.doctor_shift;

CREATE VIEW cheonggu.cheonggu_therapist_holiday AS
SELECT institution AS provider_code, therapist AS therapist_key, day AS worked_on,
       CASE WHEN is_part_time THEN 'part' ELSE 'full' END AS employment
FROM his.therapist_shift WHERE is_holiday;

CREATE VIEW cheonggu.cheonggu_therapist_day AS
SELECT institution AS provider_code, therapist AS therapist_key, day AS worked_on,
       CASE WHEN is_part_time THEN 'part' ELSE 'full' END AS employment
FROM his.therapist_shift;

-- One row per period of insurance that the eligibility check answered for the visit.
CREATE VIEW cheonggu.cheonggu_eligibility AS
SELECT encounter AS statement_key, institution AS provider_code, month AS care_month, begins AS valid_from,
       ends AS valid_to, CASE WHEN is_medical_aid THEN 'MA' ELSE 'HI' END AS insurance,
       aid_class AS medical_aid_class, near_poor AS near_poor_class, is_veteran::integer AS is_veteran,
       is_unpaid::integer AS is_restricted, died AS died_on, asked::date AS checked_on, changed AS changed_on,
       chosen_institution AS selected_institution, further AS entitlements
FROM his.insurance_answer;

-- [indexes] the nightly reads ask for one provider and one month at a time
CREATE INDEX encounter_by_month ON his.encounter
    (institution, ((extract(year FROM ended) * 100 + extract(month FROM ended))::integer::text));
CREATE INDEX disease_by_month ON his.disease (institution, month);
CREATE INDEX order_item_by_month ON his.order_item (institution, month);
CREATE INDEX outside_rx_by_month ON his.outside_rx (institution, month);
CREATE INDEX special_note_by_month ON his.special_note (institution, month);
CREATE INDEX insurance_answer_by_month ON his.insurance_answer (institution, month);

-- [role] reads the views and nothing else; set its password with \password cheonggu_reader
CREATE ROLE cheonggu_reader LOGIN CONNECTION LIMIT 4;
GRANT USAGE ON SCHEMA cheonggu TO cheonggu_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA cheonggu TO cheonggu_reader;
ALTER ROLE cheonggu_reader SET search_path = cheonggu;
ALTER ROLE cheonggu_reader SET default_transaction_read_only = on;
