"""Nothing goes twice: what of a statement as it stands now was not sent with the others of its record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from cheonggu.ledger import Ledger
from cheonggu.reruns.family import ADDITION, GIVEN_UP
from cheonggu.reruns.judge import Candidate, Judge
from cheonggu.reruns.snapshots import Sent, keep_keys, read_sent
from cheonggu.schemes.scheme import Scheme

VERDICTS = {
    "nothing": ("nothing_new", "청구하지 않은 항목이 없습니다", "nothing on it that was not sent"),
    "changed": (
        "sent_lines_changed",
        "이미 청구한 항목이 바뀌었거나 없어졌습니다. 추가청구가 아닙니다",
        "lines that were sent are changed or gone: this is no addition",
    ),
    "fell": (
        "amounts_fell",
        "금액이 청구한 것보다 줄었습니다. 추가청구가 아닙니다",
        "an amount is lower than was sent: this is no addition",
    ),
    "beside_changed": (
        "added_lines_changed",
        "추가청구로 보낸 항목이 원내 기록에서 바뀌었거나 없어졌습니다",
        "lines that went as an addition are changed or gone in the record",
    ),
    "beside_fell": (
        "amounts_fell",
        "추가청구한 금액을 빼면 0원보다 작아집니다",
        "less what went as an addition, an amount is below zero",
    ),
    "unread": (
        "no_snapshot",
        "먼저 보낸 내용을 찾을 수 없어 무엇이 빠졌는지 알 수 없습니다",
        "what was sent before is not on disk, so that nobody can tell what is missing",
    ),
}
UNREAD, BESIDE = "unread", "beside_"


class Cutter:
    """Cuts the statements of one request; ``root``: where the batches lie."""

    def __init__(self, ledger: Ledger, scheme: Scheme, root: Path, judge: Judge) -> None:
        self.ledger, self.scheme, self.root = ledger, scheme, root
        self.family, self.rule, self.provider_code = judge.family, judge.rule, judge.request.provider_code
        self.is_named = bool(judge.request.statement_keys)
        self.main = scheme.views.statement[0]

    def cut(
        self, whole: Mapping[str, pa.Table], by_key: Mapping[str, Candidate]
    ) -> tuple[dict[str, pa.Table], dict[str, str]]:
        """Nothing goes twice: additions, and supplements of additions, keep only what was not sent with the statements
        they add to; a supplement of a whole statement leaves out what its additions carry.
        """
        bases = {key: self._base(key, one) for key, one in by_key.items()}
        adding = [key for key, one in by_key.items() if bases[key] and self._adds(key)]
        beside = [key for key in by_key if bases[key] and key not in adding]
        kept = dict(keep_keys(whole, [key for key in by_key if not bases[key]]))
        verdicts: dict[str, str] = {}
        for keys, cut in ((adding, self.scheme.reruns.cut_addition), (beside, self.scheme.reruns.cut_rest)):
            if keys and cut is not None:
                sent = read_sent(self.root, self.scheme, [one for key in keys for one in bases[key]])
                tables, found = cut(keep_keys(whole, keys), sent)
                mark = "" if cut is self.scheme.reruns.cut_addition else BESIDE
                for row in found.to_pylist():
                    verdicts[row["statement_key"]] = mark + row["verdict"]
                unread = self._find_unread({key: bases[key] for key in keys}, sent)
                verdicts |= dict.fromkeys(unread, UNREAD)
                kept = {view: pa.concat_tables([kept[view], tables[view]]) for view in whole}
        return kept, verdicts

    def _adds(self, key: str) -> bool:
        return self.rule.relation == ADDITION or self.family.find_added_to(key) is not None

    def _base(self, key: str, one: Candidate) -> list[Sent]:
        """The snapshots whose lines were sent: the statement added to and its other additions."""
        added_to = key
        if self._adds(key) and self.rule.relation != ADDITION:
            added_to = self.family.find_added_to(key) or key
        mine = one.statement_key if self.rule.relation == ADDITION else key
        others = [
            other
            for whole in self.family.find_chain(added_to)
            for other in self.family.find_added(whole, mine, is_named=self.is_named)
        ]
        sent = [Sent(other["batch_id"], other["statement_key"], key) for other in others if other["batch_id"]]
        if not self._adds(key):
            return sent
        root = self.ledger.rerun_parents(
            self.scheme.name, self.provider_code, statement_keys=[added_to]
        ).to_pylist()
        batches = [row["batch_id"] for row in root if row["statement_key"] == added_to]
        return [Sent(batches[0] if batches else "", added_to, key), *sent]

    def _find_unread(self, bases: Mapping[str, list[Sent]], sent: Mapping[str, pa.Table]) -> list[str]:
        """Statements of which some snapshot is lost; one that was given up before it was validated has none."""
        found = Counter(sent[self.main]["statement_key"].to_pylist())
        given_up = {one["statement_key"] for one in self.family.children if one["state"] in GIVEN_UP}
        return [
            key
            for key, base in bases.items()
            if found[key] < sum(one.statement_key not in given_up for one in base)
        ]
