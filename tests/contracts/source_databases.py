"""Builds the same hospital in each kind of source, for the contract test of the sources."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import adbc_driver_postgresql.dbapi
import pyarrow as pa
import pyarrow.parquet as pq

import cheonggu.sources.contract
from cheonggu.sources.contract import CONTRACT

EXAMPLE = Path(cheonggu.sources.contract.__file__).with_name("example_postgresql.sql")

IN_EXAMPLE = (*CONTRACT.views, "eligibility")  # views the example gives

# From the contract's columns back to the example schema of the documentation.
FILL = """
INSERT INTO his.institution SELECT provider_code, provider_name, provider_kind, area = 'eup_myeon',
  claim_unit = 'week', claimant_name, preparer_name, preparer_birth_date, software_approval_no, agency_code,
  opened_on, closed_on FROM load.provider;
INSERT INTO his.day_close SELECT provider_code, care_on FROM load.closed_day;
INSERT INTO his.encounter SELECT statement_key, provider_code, patient_key, form_no, payer_class, care_field,
  department, care_from, care_to, visit_serial, admission_key, slice_no, reviewed_on, medical_aid_office_code,
  medical_aid_class, injury_work_class, fixed_rate_class, first_admission_date, subscriber_name,
  insurance_card_no, benefit_days, visit_days, admission_route, treatment_result FROM load.statement;
INSERT INTO his.patient SELECT DISTINCT patient_key, patient_name, patient_rrn FROM load.statement;
INSERT INTO his.bill SELECT statement_key, total_benefit_cost_1, patient_copay, copay_ceiling_excess,
  claimed_amount, support_amount, disability_medical_cost, loan_amount, total_benefit_cost_2,
  veterans_claimed_amount, full_copay_total, veterans_copay, partial_copay_total, partial_copay_patient,
  partial_copay_claimed, partial_copay_veterans_claimed FROM load.statement;
INSERT INTO his.disease SELECT statement_key, diagnosis_seq, provider_code, care_month, diagnosis_class,
  diagnosis_code, department, internal_medicine_sub, care_start_date, license_type, license_no
  FROM load.diagnosis;
INSERT INTO his.order_item SELECT statement_key, line_seq, provider_code, care_month, hang, mok, line_code_type,
  line_code, unit_price / 100.0, daily_qty / 100.0, total_days, dose_qty / 10000.0, line_amount, adjust_class,
  change_date, license_type, license_no FROM load.line;
INSERT INTO his.outside_rx SELECT statement_key, prescription_no, line_seq, provider_code, care_month,
  prescription_days, line_code_type, line_code, dose_qty / 10000.0, daily_times, total_days, copay_rate_class
  FROM load.prescription;
INSERT INTO his.special_note SELECT statement_key, detail_seq, provider_code, care_month, detail_unit,
  prescription_no, line_seq, detail_code, detail_text FROM load.detail;
INSERT INTO his.doctor SELECT provider_code, license_type, license_no, birth_date, employment = 'part',
  hired_on, left_on FROM load.doctor;
INSERT INTO his.doctor_shift SELECT provider_code, license_no, worked_on FROM load.doctor_day;
INSERT INTO his.insurance_answer SELECT statement_key, provider_code, care_month, valid_from, valid_to,
  insurance = 'MA', medical_aid_class, near_poor_class, is_veteran = 1, is_restricted = 1, died_on, checked_on,
  changed_on, selected_institution, entitlements FROM load.eligibility;
INSERT INTO his.therapist_shift SELECT provider_code, therapist_key, worked_on, employment = 'part',
  (provider_code, therapist_key, worked_on) IN (SELECT provider_code, therapist_key, worked_on
  FROM load.therapist_holiday) FROM load.therapist_day;
"""


def statements_of(script: str) -> list[str]:
    """The statements of a SQL script without comments inside strings."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return [one.strip() for one in "\n".join(lines).split(";") if one.strip()]


def fill_postgresql(url: str, tables: Mapping[str, pa.Table], reader: str) -> str:
    """Run the documentation's example and load the tables; returns the reader role's address."""
    script = EXAMPLE.read_text(encoding="utf-8").replace("cheonggu_reader", reader)
    with adbc_driver_postgresql.dbapi.connect(url, autocommit=True) as db, db.cursor() as cursor:
        for statement in (*statements_of(script), "CREATE SCHEMA load"):
            cursor.execute(statement)
        for view, table in tables.items():
            cursor.adbc_ingest(view, table, mode="create", db_schema_name="load")
        for statement in statements_of(FILL):
            cursor.execute(statement)
    return url.replace("//cheonggu@", f"//{reader}@")


def write_parts(folder: Path, tables: Mapping[str, pa.Table]) -> None:
    """Parquet part files in folders of provider and month where a view has both, else one file."""
    for view, table in tables.items():
        if "care_month" in table.column_names:
            pq.write_to_dataset(table, folder / view, partition_cols=["provider_code", "care_month"])
        else:
            pq.write_table(table, folder / f"{view}.parquet")
