"""Code searches (코드 검색) for operators: what the command line finds, as a table in the browser."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import create_table_artifact

from cheonggu.schemes import find_scheme
from tasks.settings import STAGE

FOUND = "codes-found"
MOST_ROWS = 500


@task(task_run_name="search {scheme}", **STAGE)
def search(scheme: str, term: str, list_name: str | None, by_prefix: bool) -> int:
    """Publish the codes found as an artifact; how many there are. UsageError for an unknown list."""
    found = find_scheme(scheme).codes.search(term, list_name, by_prefix=by_prefix)
    rows = [
        {
            "목록": one.list_name,
            "코드": one.key,
            "내용": one.name_ko,
            "English": one.name_en,
            "기재형식": one.row.get("format", ""),
            "상병": one.row.get("kcd", ""),
            "조치": one.row.get("resubmit_ko", ""),
            "점검 규칙": ", ".join(one.rule_ids),
            "적용": f"{one.valid_from or ''}~{one.valid_to or ''}" if one.valid_from or one.valid_to else "",
        }
        for one in found
    ]
    shown = f", 처음 {MOST_ROWS}건만 표시" if len(rows) > MOST_ROWS else ""
    create_table_artifact(
        key=FOUND, table=rows[:MOST_ROWS], description=f"'{term}' 코드 검색 결과 {len(rows)}건{shown}"
    )
    return len(found)
