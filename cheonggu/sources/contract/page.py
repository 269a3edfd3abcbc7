"""Makes ``docs/source-contract.md`` from the contract, the prose in ``page.md`` and the PostgreSQL example."""

from __future__ import annotations

import re
from pathlib import Path

from cheonggu.errors import DataFileError
from cheonggu.sources.contract import CONTRACT, DATE, INT, TEXT, Column, Contract

HERE = Path(__file__).parent
EXAMPLE = HERE / "example_postgresql.sql"
PAGE = Path("docs") / "source-contract.md"
NEED = {"Y": "always", "Z": "amount", "C": "when it applies", "O": "optional"}
UNIT = {TEXT: "text({})", INT: "int({})", DATE: "date"}
TITLES = {
    "provider": "provider: who claims (요양기관)",
    "closed_day": "closed_day: days that are finished (진료마감)",
    "statement": "statement: one visit or stay to be claimed (명세서)",
    "diagnosis": "diagnosis: why (상병내역)",
    "line": "line: what was done (진료내역)",
    "prescription": "prescription: what a pharmacy was asked to dispense (처방내역)",
    "detail": "detail: special details (특정내역)",
    "doctor": "doctor: the roster (의료인력)",
    "doctor_day": "doctor_day: days on which a doctor saw patients",
    "therapist_holiday": "therapist_holiday: physical therapists on public holidays (물리치료사 공휴일 근무)",
    "therapist_day": "therapist_day: days on which a physical therapist worked (물리치료사 근무일)",
}
NOTES = {
    "provider": "One row per provider code.",
    "closed_day": (
        "A statement is taken only when its last day stands here. Leave a day out while its records may still change."
    ),
    "statement": (
        "One row per patient and visit, or per slice of an admission. Give every statement, also those not yet "
        "reviewed: they wait until `reviewed_on` is filled. Keep past months in the view; what was claimed is "
        "remembered and not taken twice."
    ),
    "diagnosis": "Exactly one main diagnosis (class 1) per statement, and it comes first.",
    "line": "Every benefit item, in the hospital's own order; the claim sorts and numbers them.",
    "prescription": "Outside prescriptions only. In-house drugs are lines.",
    "detail": "One row per detail, in the format its code asks for.",
    "doctor": "Everybody whose licence number can stand on a statement, also those who have left.",
    "doctor_day": "From these days the claim counts the working days of each doctor (MT008, graduated fee).",
    "therapist_holiday": "Goes on the first statement of a claim as MT025, with the holidays of `therapist_day`.",
    "therapist_day": (
        "Every day of attendance. From these days come the holidays of MT025 and the average of 30 patients a day. It "
        "may stay empty where `therapist_holiday` is filled and nobody wants the average."
    ),
}
OPTIONAL_TITLES = {
    "institution_fact": "institution_fact: what is registered and designated (요양기관 현황)",
    "doctor_absence": "doctor_absence: leave, stays abroad, suspensions (의사 부재·자격정지)",
    "doctor_training": "doctor_training: trainings of a licence (교육 이수)",
    "eligibility": "eligibility: answers of the eligibility check (자격조회)",
    "registration": "registration: special cases a patient is registered for (산정특례 등록)",
    "statement_fact": "statement_fact: facts only the record knows (명세서 사실)",
    "line_fact": "line_fact: facts about a care line (진료내역 사실)",
    "dur_hit": "dur_hit: answers of the drug utilisation review (DUR)",
    "source_visit": "source_visit: every visit, billed or not (내원)",
    "medical_aid_office": "medical_aid_office: offices of medical aid (보장기관)",
    "kcd_master": "kcd_master: diagnoses (상병 마스터)",
    "fee_master": "fee_master: fees and materials (수가·재료 마스터)",
    "drug_master": "drug_master: drugs (약가 마스터)",
    "line_group": "line_group: groups of codes the rules speak of (코드 묶음)",
    "modifier": "modifier: what the modifier digits of a fee code say (산정코드)",
    "material_need": "material_need: procedures that need a material (행위별 재료)",
    "dx_need": "dx_need: diagnoses that justify a code (코드별 상병)",
}


def make_page() -> str:
    """The whole page as Markdown."""
    script = EXAMPLE.read_text(encoding="utf-8")
    parts = {
        "count": str(len(CONTRACT.views)),
        "optional_count": str(len(CONTRACT.optional_views)),
        "optional_views": "\n\n".join(_optional_section(view) for view in CONTRACT.optional_views),
        "optional_example": _sql(_view_sql("eligibility", script)),
        "views": "\n\n".join(_view_section(view, script) for view in CONTRACT.views),
        "indexes": _sql(_part(script, "indexes")),
        "role": _sql(_part(script, "role")),
    }
    page = (HERE / "page.md").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], page)


def _view_section(view: str, script: str) -> str:
    table = list_columns(CONTRACT, view)
    return f"## {TITLES[view]}\n\n{NOTES[view]}\n\n{table}\n\n{_sql(_view_sql(view, script))}"


def _optional_section(view: str) -> str:
    return f"### {OPTIONAL_TITLES[view]}\n\n{list_columns(CONTRACT, view)}"


def list_columns(contract: Contract, view: str) -> str:
    """The columns of a view as a Markdown table."""
    rows = [
        "| column | 이름 | type | need | values | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(one) for one in contract.columns(view)),
    ]
    return "\n".join(rows)


def _row(column: Column) -> str:
    name = f"`{column.name}`" + (" **key**" if column.key else "") + (" 🔒" if column.is_personal else "")
    if column.code_list:
        values = f"list `{column.code_list}`"
    else:
        values = ", ".join(f"`{code}` {meaning}" for code, meaning in column.code_values.items())
    kind = UNIT[column.type].format(column.length)
    return f"| {name} | {column.name_ko} | {kind} | {NEED[column.required]} | {values} | {column.meaning} |"


def _view_sql(view: str, script: str) -> str:
    """The CREATE VIEW of the example, with the comment lines right above it."""
    found = re.search(
        rf"(?:^--[^\n]*\n)*^CREATE VIEW cheonggu\.cheonggu_{view} AS\n[^;]*;", script, re.MULTILINE
    )
    if found is None:
        raise DataFileError(
            f"{EXAMPLE.name} creates no view cheonggu_{view}.",
            f"{EXAMPLE.name}에 cheonggu_{view} 뷰가 없습니다.",
        )
    return found[0]


def _part(script: str, name: str) -> str:
    """The statements between a ``-- [name]`` line and the next such line."""
    found = re.search(rf"^-- \[{name}\][^\n]*\n(.*?)(?=^-- \[|\Z)", script, re.MULTILINE | re.DOTALL)
    if found is None:
        raise DataFileError(
            f"{EXAMPLE.name} has no part [{name}].", f"{EXAMPLE.name}에 [{name}] 부분이 없습니다."
        )
    return found[1].strip()


def _sql(text: str) -> str:
    return f"```sql\n{text}\n```"


def write_page(path: Path = PAGE) -> None:
    path.write_text(make_page(), encoding="utf-8")
