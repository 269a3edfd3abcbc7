"""What followers of one care month would hold: whole statements as they stand now, or only what was never sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.contents import digest_context, hash_contents
from cheonggu.ledger import Ledger
from cheonggu.optional_views import OptionalViews
from cheonggu.query import Tables
from cheonggu.reruns.changes import find_changes
from cheonggu.reruns.cutting import VERDICTS, Cutter
from cheonggu.reruns.family import ADDITION, SUPPLEMENT
from cheonggu.reruns.judge import Candidate, Judge, leave
from cheonggu.reruns.model import Change, LeftOut, Planned
from cheonggu.reruns.snapshots import Sent, read_now, read_sent, rename, show_optional
from cheonggu.schemes.scheme import RerunClass, Scheme
from cheonggu.settling import settle_whole
from cheonggu.site import Site
from cheonggu.sources import Source
from cheonggu.states import StatementState

CUT_VIEWS = ("line", "prescription")


@dataclass
class MonthContent:
    """The followers of one care month: tables under the followers' own keys, targets, and what stays behind.

    ``further``: the optional views, under the same keys, not yet cut down to a batch.
    """

    care_month: str
    tables: dict[str, pa.Table] = field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    planned: list[Planned] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    rosters: dict[str, pa.Table] = field(default_factory=dict)
    further: dict[str, pa.Table] = field(default_factory=dict)


class Contents:
    """Reads what the candidates of one request would hold, month by month."""

    def __init__(
        self, source: Source, ledger: Ledger, scheme: Scheme, site: Site, judge: Judge, rule: RerunClass
    ) -> None:
        self.source, self.ledger, self.scheme, self.site = source, ledger, scheme, site
        self.judge, self.rule, self.request = judge, rule, judge.request
        self.providers = _of_provider(source.read(scheme.views.provider), self.request.provider_code)
        self.rosters = {
            view: source.read(view, provider_code=self.request.provider_code) for view in scheme.views.roster
        } | {scheme.views.provider: self.providers}
        self.main, self.contract = scheme.views.statement[0], scheme.views.contract
        self.root = site.batches_folder(scheme.name)
        self.cutter = Cutter(ledger, scheme, self.root, judge)
        self.optional = OptionalViews(source, self.contract, scheme.views.optional)

    def read_month(self, care_month: str, candidates: Iterable[Candidate]) -> MonthContent:
        """What of the candidates would be sent, with its content, and what stays behind."""
        by_key = {one.parent["statement_key"]: one for one in candidates}
        month = MonthContent(care_month, rosters=self.rosters)
        whole = self._read_now(care_month, by_key)
        sent = read_sent(
            self.root,
            self.scheme,
            [Sent(one.parent["batch_id"], key, key) for key, one in by_key.items()],
        )
        targets = self.scheme.targets.find(whole[self.main], self._target_rosters(whole), self.request.as_of)
        month.targets = {one["statement_key"]: one for one in targets.to_pylist()}
        whole = settle_whole(
            self.scheme, targets, self.request.provider_code, whole, self.rosters, self.site.settings
        )
        content, verdicts = self.cutter.cut(whole, by_key)
        changes = self._find_changes(content, sent, verdicts)
        further = self._read_further(care_month, by_key)
        hashes = self._hash(content, further, by_key)
        returned = self._read_returned(care_month)
        snapshots = set(sent[self.main]["statement_key"].to_pylist())
        days = dict(
            zip(
                whole[self.main]["statement_key"].to_pylist(),
                whole[self.main][self.scheme.views.last_day].to_pylist(),
                strict=True,
            )
        )
        for key, one in sorted(by_key.items()):
            why = (
                self._left_by_source(key, one, month, days)
                or self._left_by_verdict(key, one, verdicts)
                or self._left_by_changes(key, one, changes.get(key, ()), key in snapshots)
                or _left_by_content(one, hashes.get(key, ""), returned)
            )
            if why is not None:
                month.left_out.append(why)
                continue
            month.planned.append(self._plan(one, month, hashes[key], changes.get(key, ())))
        keys = [Sent("", one.parent_key, one.statement_key) for one in month.planned]
        month.tables = {view: rename(self.contract, table, keys, view) for view, table in content.items()}
        month.further = show_optional(self.contract, further, keys)
        return month

    def _read_further(self, care_month: str, by_key: Mapping[str, Candidate]) -> dict[str, pa.Table]:
        """The optional views of the month; what belongs to a statement under the keys of the parents."""
        shown = [Sent("", one.parent["source_key"], key) for key, one in by_key.items()]
        return show_optional(self.contract, self.optional.read(self.request.provider_code, care_month), shown)

    def cut_further(self, month: MonthContent, batch: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """The optional views as far as the statements of one batch can meet them."""
        keys = [Sent("", key, key) for key in batch[self.main]["statement_key"].to_pylist()]
        return self.optional.cut(show_optional(self.contract, month.further, keys), batch)

    def _read_now(self, care_month: str, by_key: Mapping[str, Candidate]) -> dict[str, pa.Table]:
        """The hospital's statements of today under the keys of the parents."""
        shown = [Sent("", one.parent["source_key"], key) for key, one in by_key.items()]
        now = read_now(
            self.source,
            self.scheme,
            self.request.provider_code,
            care_month,
            [one.statement_key for one in shown],
        )
        return {view: rename(self.contract, table, shown, view) for view, table in now.items()}

    def _target_rosters(self, whole: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """What targets are found with: rosters, and views of the statements under the parents' keys."""
        named = {view: whole[view] for view in self.scheme.views.target_rosters if view in whole}
        return self.rosters | named

    def _find_changes(
        self, content: Mapping[str, pa.Table], sent: Mapping[str, pa.Table], verdicts: Mapping[str, str]
    ) -> dict[str, tuple[Change, ...]]:
        """Against what was sent; of an addition the rows that are new."""
        if self.rule.relation != ADDITION:
            return find_changes(self.contract, content, sent)
        return find_changes(
            self.contract,
            {view: content[view] for view in CUT_VIEWS},
            {view: content[view].schema.empty_table() for view in CUT_VIEWS},
        )

    def _hash(
        self,
        content: Mapping[str, pa.Table],
        further: Mapping[str, pa.Table],
        by_key: Mapping[str, Candidate],
    ) -> dict[str, str]:
        """Content hashes as extraction makes them, under the hospital's key, so that an unchanged one shows."""
        own = self.optional.statement_views()
        db = Tables(**content, **{view: further[view] for view in own})
        rows = [{"statement_key": key, "source_key": one.parent["source_key"]} for key, one in by_key.items()]
        schema = pa.schema([("statement_key", pa.string()), ("source_key", pa.string())])
        db.add("chosen", pa.Table.from_pylist(rows, schema=schema))
        context = digest_context(
            [self.providers, *(self.rosters[view] for view in self.scheme.views.context)],
            self.site.settings.get(self.scheme.amounts.settings_key),
        )
        views = (*self.scheme.views.statement, *own)
        hash_contents(db, views, "chosen", context, "source_key", self.contract)
        return {str(key): str(digest) for key, digest in db.rows("SELECT * FROM content")}

    def _read_returned(self, care_month: str) -> dict[str, str]:
        """Followers that are blocked, or whose very content came back with a returned claim: key → that content."""
        known = self.ledger.known_statements(self.scheme.name, self.request.provider_code, care_month)
        return {
            one["statement_key"]: one["content_hash"]
            for one in known.to_pylist()
            if one["is_returned"] or one["state"] == StatementState.BLOCKED
        }

    def _left_by_source(
        self, key: str, one: Candidate, month: MonthContent, days: Mapping[str, date | None]
    ) -> LeftOut | None:
        target = month.targets.get(key)
        if key not in days:
            return leave(
                one.parent, "gone", "원천자료에 없습니다", "the hospital's record no longer holds it"
            )
        last = days[key]
        if last is not None and last < self.scheme.reruns.claim_from(self.request.as_of):
            return leave(one.parent, "too_late", "청구 기한(3년)이 지났습니다", "past the claim limit")
        if target is None or not target["is_billable"]:
            return leave(
                one.parent,
                "open",
                "원내심사나 진료마감이 끝나지 않았습니다",
                "the hospital's review or day is open",
            )
        return None

    def _left_by_verdict(self, key: str, one: Candidate, verdicts: Mapping[str, str]) -> LeftOut | None:
        verdict = verdicts.get(key, "")
        return leave(one.parent, *VERDICTS[verdict]) if verdict in VERDICTS else None

    def _left_by_changes(
        self, key: str, one: Candidate, changes: tuple[Change, ...], has_snapshot: bool
    ) -> LeftOut | None:
        """What was not corrected goes only when a person names it; a lost snapshot tells nothing."""
        is_named = bool(self.request.statement_keys)
        needed = self.rule.needs_change_in
        if needed and not any(change.field in needed for change in changes):
            return leave(
                one.parent,
                "payer_unchanged",
                "보험자가 바뀌지 않았습니다",
                "the payer is the one it was sent to",
            )
        if self.rule.relation != SUPPLEMENT or is_named:
            return None
        if not has_snapshot:
            return leave(
                one.parent,
                "no_snapshot",
                "보낸 내용을 찾을 수 없습니다. 명세서를 지정하세요",
                "what was sent is not on disk; name the statement",
            )
        if not changes:
            return leave(one.parent, "unchanged", "고친 내용이 없습니다", "nothing was corrected yet")
        return None

    def _plan(
        self, one: Candidate, month: MonthContent, content_hash: str, changes: tuple[Change, ...]
    ) -> Planned:
        parent = one.parent
        target = month.targets[parent["statement_key"]]
        code = "" if one.class_code == self.rule.statement_code else one.class_code
        return Planned(
            statement_key=one.statement_key,
            source_key=parent["source_key"],
            care_month=month.care_month,
            group_key=f"{target['group_key']}-{self.rule.name}{code}",
            parent_key=parent["statement_key"],
            parent_claim_no=parent["claim_no"],
            receipt_year=parent["receipt_year"],
            receipt_no=parent["receipt_no"],
            statement_no=parent["statement_no"],
            class_code=one.class_code,
            reason_code=one.reason_code,
            detail_code=one.detail_code,
            round=one.round,
            basis=one.basis,
            content_hash=content_hash,
            changes=changes,
        )


def _left_by_content(one: Candidate, content_hash: str, returned: Mapping[str, str]) -> LeftOut | None:
    if one.follower_state is not None and returned.get(one.statement_key) == content_hash:
        return leave(
            one.parent,
            "unchanged",
            "보류·반송된 뒤 고친 내용이 없습니다",
            "not corrected since it was set aside",
        )
    return None


def _of_provider(providers: pa.Table, provider_code: str) -> pa.Table:
    return providers.filter(pc.equal(providers["provider_code"], provider_code))
