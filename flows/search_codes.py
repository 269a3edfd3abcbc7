"""Look codes up in the browser: return, review-impossible and adjustment reasons, details, symbols and the rest."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.settings import ended
from tasks.search import search


@flow(name="search-codes", flow_run_name="{scheme} 코드 검색", persist_result=False)
def search_codes(scheme: str, term: str, list_name: str | None = None, by_prefix: bool = False) -> State[Any]:
    """반송·심사불능·조정 사유, 특정내역, 특정기호 등의 코드를 찾아 표로 보여 줍니다.

    by_prefix를 켜면 검색어로 시작하는 코드를, 끄면 코드·세부코드·설명 어디에든 검색어가 있는 코드를 찾습니다.
    아무것도 바꾸지 않으므로 몇 번이든 다시 실행할 수 있습니다.
    """
    count = search(scheme, term, list_name, by_prefix)
    return ended(count, held=False, message=f"코드 {count}건 ('codes-found' 결과물)")
