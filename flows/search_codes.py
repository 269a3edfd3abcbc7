"""Look codes up in the browser: return, review-impossible and adjustment reasons, details, symbols and the rest."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import BaseModel, Field

from flows.forms import NO_RESIDENT_NO, SchemeName
from flows.settings import ended
from tasks.search import search


class SearchForm(BaseModel):
    """코드·세부코드·설명 어디에든 검색어가 있는 코드를 찾습니다."""

    term: str = Field(title="검색어", min_length=1, max_length=50, json_schema_extra=NO_RESIDENT_NO)
    by_prefix: bool = Field(False, title="앞자리로 찾기", description="켜면 검색어로 시작하는 코드만")
    list_name: str = Field(
        "", title="코드 목록", description="비우면 모든 목록. 예: return_reason, special_detail"
    )


@flow(name="search-codes", flow_run_name="{scheme} 코드 검색 {form.term}", persist_result=False)
def search_codes(scheme: SchemeName, form: SearchForm) -> State[Any]:
    """반송·심사불능·조정 사유, 특정내역, 특정기호 등의 코드를 찾아 표로 보여 줍니다.

    아무것도 바꾸지 않으므로 몇 번이든 다시 실행할 수 있습니다.

    Args:
        scheme: 제도. 배포가 정해 두므로 바꾸지 않습니다
        form: 무엇을 찾을지
    """
    count = search(scheme, form.term, form.list_name or None, form.by_prefix)
    return ended(count, f"코드 {count}건 ('codes-found' 결과물)")
