"""Why an import stops a claim for a person: the codes and their sentences in both languages."""

from __future__ import annotations

CLAIMED_ANEW = "claimed-anew"
STOPS = {
    "not-sent": ("The ledger never handed this claim off.", "원장에 송신 기록이 없는 청구서입니다."),
    "withdrawn": (
        "The claim was withdrawn as unsent, but an answer came: look for a double claim.",
        "미송신으로 취소한 청구서에 회신이 왔습니다. 중복 청구를 확인하세요.",
    ),
    "returned": ("The claim was returned before.", "이미 반송된 청구서입니다."),
    "decided": ("The claim was decided before it was returned.", "심사결과가 있는 청구서가 반송되었습니다."),
    "count-or-amount": (
        "Count or amount differ from what was sent.",
        "건수 또는 청구액이 송신한 내용과 다릅니다.",
    ),
    "other-receipt-no": ("The claim has another receipt number.", "청구서의 접수번호가 다릅니다."),
    "receipt-no-taken": (
        "Another claim of this provider has this receipt number.",
        "같은 접수번호를 가진 다른 청구서가 있습니다.",
    ),
    "claimed-differs": (
        "Claimed amounts of statements differ from what was sent.",
        "명세서 청구액이 송신한 내용과 다릅니다.",
    ),
    "round-conflict": (
        "This review round was imported before with other decisions.",
        "같은 심사차수가 다른 내용으로 이미 반영되어 있습니다.",
    ),
    "settled-otherwise": (
        "This settlement round was imported before with another difference.",
        "같은 정산차수가 다른 차액으로 이미 반영되어 있습니다.",
    ),
    "settled-base-differs": (
        "The amount before a settlement is not the one the ledger knows: a notice is missing.",
        "정산 전 금액이 원장과 다릅니다. 받지 못한 통보서가 있는지 확인하세요.",
    ),
    "paid-too-much": (
        "More was paid than was decided: look for a missing settlement or a double payment.",
        "결정액보다 많이 지급되었습니다. 정산 통보 누락이나 이중 지급을 확인하세요.",
    ),
    "paid-undecided": (
        "It was paid before a review result came: fetch the missing notice.",
        "심사결과를 받기 전에 지급되었습니다. 심사결과통보서를 받으세요.",
    ),
    "not-disputed": (
        "A decision came on a dispute that the ledger does not know.",
        "원장에 없는 이의신청의 결정이 통보되었습니다.",
    ),
    CLAIMED_ANEW: (
        "It names a statement that was taken back and claimed anew since: look for a double claim.",
        "환수 후 다시 청구한 명세서가 통보되었습니다. 중복 청구를 확인하세요.",
    ),
    "absent-not-explained": (
        "The listed statements do not explain the totals; absent ones stay undecided.",
        "통보된 명세서로 합계가 설명되지 않아 나머지는 미결로 둡니다.",
    ),
}
