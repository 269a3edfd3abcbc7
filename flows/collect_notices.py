"""What came back: every notice of the reviewer and the payer → the ledger."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.forms import SchemeName
from flows.settings import ended, only_one
from tasks.collect import collect

COLLECT = "collect"


@flow(name="collect-notices", flow_run_name="{scheme} 수신", persist_result=False)
def collect_notices(scheme: SchemeName) -> State[Any]:
    """수신 폴더의 접수·반송·심사결과·정산·지급 통보 등을 보관하고 원장에 한 번씩만 기록합니다.

    XML, 레코드 파일(.1 .2 .3), 압축 파일을 내용으로 알아봅니다. 같은 문서가 다시 와도 두 번 기록하지 않습니다.
    읽을 수 없는 문서는 거절 폴더에 남기고, 서식을 모르는 문서는 원본만 보관하며, 상태를 Held로 표시합니다.

    Args:
        scheme: 제도. 배포가 정해 두므로 바꾸지 않습니다
    """
    with only_one(scheme, COLLECT):
        collected = collect(scheme)
    message = f"새 문서 {collected.imported}건, 중복 {collected.repeated}건"
    return ended(collected, message, collected.reasons())
