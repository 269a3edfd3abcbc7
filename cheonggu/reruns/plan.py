"""Planning a rerun (dry run: nothing changes) and starting it: new batches that go through the six stages.

Asking twice never makes a second: what was started is under way in the ledger and left out of the next plan, and a
start that was killed finds its own batch ids again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from cheonggu.care_month import OWN_COLUMNS, Selection, make_batch_id, write_references
from cheonggu.errors import UsageError
from cheonggu.extraction import BATCH_TAIL, extract_due, open_months, write_extracted
from cheonggu.ledger import MEMBERS, Actor, Ledger, NewBatch, NewInstruction
from cheonggu.ledger import REFERENCES as LEDGER_REFERENCES
from cheonggu.query import Tables
from cheonggu.reruns.contents import Contents, MonthContent
from cheonggu.reruns.judge import Candidate, Judge
from cheonggu.reruns.model import LeftOut, Plan, Planned, Request
from cheonggu.reruns.receipts import read_receipts
from cheonggu.reruns.snapshots import Sent, rename
from cheonggu.schemes.scheme import CLASS_NAME, REFERENCES, RerunClass, Scheme
from cheonggu.site import Site
from cheonggu.sources import Source

# Classes that the set difference of source and ledger finds; the others follow a statement of the ledger.
RERUN = "rerun"  # kind of the instruction
FOUND_BY_DIFFERENCE = ("omitted", "slice")


@dataclass(frozen=True)
class Started:
    """The plan that was carried out, and the batches that now wait for validation."""

    plan: Plan
    batch_ids: tuple[str, ...]


def plan_rerun(source: Source, ledger: Ledger, scheme: Scheme, site: Site, request: Request) -> Plan:
    """What would be sent, what changed, and why the rest stays. UsageError for a class the scheme does not have."""
    rule = _check(source, scheme, request)
    if rule.relation in FOUND_BY_DIFFERENCE:
        return _plan_by_difference(source, ledger, scheme, site, request, rule)
    _, left_out, months = _read(source, ledger, scheme, site, request, rule)
    return _unite(request, left_out, months)


def start_rerun(
    source: Source, ledger: Ledger, scheme: Scheme, site: Site, request: Request, actor: Actor, reason: str
) -> Started:
    """Make the batches of a plan; from here they go like any other. ``actor`` is the person; the reason is kept."""
    rule = _check(source, scheme, request)
    _keep_decision(ledger, scheme, request, actor, reason)
    if rule.relation in FOUND_BY_DIFFERENCE:
        plan = _plan_by_difference(source, ledger, scheme, site, request, rule)
        selection = _select(request, rule)
        taken = extract_due(source, ledger, scheme, site, request.as_of, actor, selection=selection)
        return Started(plan, taken.batch_ids)
    contents, left_out, months = _read(source, ledger, scheme, site, request, rule)
    past = Counter(BATCH_TAIL.sub("", one.batch_id) for one in ledger.batches(scheme.name))
    batches: list[NewBatch] = []
    members: list[pa.Table] = []
    references: list[pa.Table] = []
    for month in months:
        for batch, rows, refers in _make_batches(contents, month, past):
            batches.append(batch)
            members.append(rows)
            references.append(refers)
    if batches:
        ledger.add_batches(batches, pa.concat_tables(members), actor, references=pa.concat_tables(references))
    return Started(_unite(request, left_out, months), tuple(sorted(one.batch_id for one in batches)))


def _keep_decision(ledger: Ledger, scheme: Scheme, request: Request, actor: Actor, reason: str) -> None:
    """Who asked for what and why, before anything is made. UsageError without a person or a reason."""
    detail: dict[str, str | int | bool] = {
        "as_of": request.as_of.isoformat(),
        "receipts": ",".join(request.receipt_nos),
        "statements": len(request.statement_keys),
    }
    new = NewInstruction(
        scheme.name, RERUN, request.provider_code, request.claim_class, actor.name, reason, detail=detail
    )
    ledger.instruct(new, actor)


def _check(source: Source, scheme: Scheme, request: Request) -> RerunClass:
    """The class asked for, of a provider that the hospital's data knows; nothing named is left blank."""
    rule = find_class(scheme, request)
    source.check()
    known = source.read(scheme.views.provider)["provider_code"].to_pylist()
    if request.provider_code not in known:
        raise UsageError(
            f"The source data have no provider '{request.provider_code}'; there are: {', '.join(sorted(known))}.",
            f"원천자료에 요양기관 '{request.provider_code}'이(가) 없습니다. 있는 기관: {', '.join(sorted(known))}.",
        )
    if not all(key.strip() for key in request.statement_keys):
        raise UsageError(
            "A statement key is empty; leave the list empty to mean all that is ready.",
            "빈 명세서 관리번호가 있습니다. 준비된 것 전부를 뜻하려면 목록을 비우세요.",
        )
    return rule


def find_class(scheme: Scheme, request: Request) -> RerunClass:
    """The class asked for, as the rules of the day have it."""
    classes = scheme.reruns.classes(request.as_of)
    if request.claim_class not in classes:
        known = ", ".join(sorted(classes))
        raise UsageError(
            f"There is no claim class '{request.claim_class}'; there are: {known}.",
            f"청구구분 '{request.claim_class}'은(는) 없습니다. 가능한 값: {known}.",
        )
    return classes[request.claim_class]


def _read(
    source: Source, ledger: Ledger, scheme: Scheme, site: Site, request: Request, rule: RerunClass
) -> tuple[Contents, list[LeftOut], list[MonthContent]]:
    """Judge every parent, then read the contents of those that may be followed."""
    judge = Judge(ledger, scheme, request, rule)
    left_out: list[LeftOut] = []
    by_month: dict[str, list[Candidate]] = {}
    for parent in judge.parents:
        found = judge.judge(parent)
        if isinstance(found, LeftOut):
            left_out.append(found)
        elif found is not None:
            by_month.setdefault(parent["care_month"], []).append(found)
    left_out += _name_unknown(request, judge)
    contents = Contents(source, ledger, scheme, site, judge, rule)
    return contents, left_out, [contents.read_month(month, by_month[month]) for month in sorted(by_month)]


def _name_unknown(request: Request, judge: Judge) -> Iterable[LeftOut]:
    """Receipts and statements that a person named and the ledger does not hold."""
    for year, number in read_receipts(request):
        if (year, number) not in judge.receipts:
            yield LeftOut(
                "",
                number,
                "",
                "unknown_receipt",
                "이 요양기관에 없는 접수번호입니다. 접수번호를 확인하세요",
                "no claim of this provider has this receipt number; compare it with the notice",
            )
    known = {one[name] for one in judge.parents for name in ("statement_key", "source_key")}
    for key in request.statement_keys:
        if key not in known:
            yield LeftOut(
                key,
                "",
                "",
                "unknown",
                "접수된 청구서에 없는 명세서입니다",
                "not in a claim that the reviewer received",
            )


def _unite(request: Request, left_out: list[LeftOut], months: list[MonthContent]) -> Plan:
    planned = [one for month in months for one in month.planned]
    left = left_out + [one for month in months for one in month.left_out]
    # Additions look at every decided statement; those that simply have nothing to add are no news.
    if not request.statement_keys and not request.receipt_nos:
        left = [one for one in left if one.word != "nothing_new"]
    return Plan(
        request,
        tuple(sorted(planned, key=lambda one: one.statement_key)),
        tuple(sorted(left, key=lambda one: (one.receipt_no, one.statement_no, one.key))),
    )


def _plan_by_difference(
    source: Source, ledger: Ledger, scheme: Scheme, site: Site, request: Request, rule: RerunClass
) -> Plan:
    if request.receipt_nos:
        raise UsageError(
            f"Class '{rule.name}' starts from statements that were never sent, so it takes no receipt number.",
            f"{rule.title_ko}는 보낸 적 없는 명세서가 대상이므로 접수번호를 받지 않습니다.",
        )
    planned: list[Planned] = []
    for month in open_months(source, ledger, scheme, site, request.as_of, _select(request, rule)):
        planned += [
            Planned(one["statement_key"], one["statement_key"], month.care_month or "", one["group_key"])
            for one in month.list_candidates().to_pylist()
        ]
    found = {one.statement_key for one in planned}
    left = [
        LeftOut(key, "", "", "not_due", "이 청구구분의 대상이 아닙니다", "not due in this class")
        for key in request.statement_keys
        if key not in found
    ]
    return Plan(request, tuple(sorted(planned, key=lambda one: one.statement_key)), tuple(left))


def _select(request: Request, rule: RerunClass) -> Selection:
    keys = frozenset(request.statement_keys)
    return Selection(frozenset({rule.relation}), request.provider_code, keys)


def _make_batches(
    contents: Contents, month: MonthContent, past: Counter[str]
) -> Iterable[tuple[NewBatch, pa.Table, pa.Table]]:
    """Cut a month's followers into batches, write their tables, and give members and references."""
    scheme, site, request, rule = contents.scheme, contents.site, contents.request, contents.rule
    groups: dict[str, list[Planned]] = {}
    for one in month.planned:
        groups.setdefault(one.group_key, []).append(one)
    for group_key, planned in sorted(groups.items()):
        target = month.targets[planned[0].parent_key]
        limit = scheme.targets.max_statements(target["kind"], request.as_of)
        for start in range(0, len(planned), limit):
            part = planned[start : start + limit]
            rows = _members(scheme, part, month, rule)
            batch = NewBatch(
                batch_id=make_batch_id(group_key, rows, past.get(group_key, 0)),
                scheme=scheme.name,
                provider_code=request.provider_code,
                treatment_month=month.care_month,
                kind=target["kind"],
                claim_class=_header_code(scheme, request, rule, part[0].class_code),
                claim_date=request.as_of,
                group={name: target[name] or "" for name in scheme.targets.group_columns}
                | {CLASS_NAME: rule.name},
                parent_batch_id=None,
            )
            refers = _references(request, rule, part)
            tables = {
                view: rename(
                    scheme.views.contract,
                    table,
                    [Sent("", one.statement_key, one.statement_key) for one in part],
                    view,
                )
                for view, table in month.tables.items()
            }
            further = contents.cut_further(month, tables)
            written = {**tables, **month.rosters, **further}
            written[REFERENCES] = write_references(refers, rule.keeps_codes)
            write_extracted(site, scheme, batch, written)
            ids = pa.array([batch.batch_id] * len(rows), pa.string())
            yield batch, rows.append_column("batch_id", ids), refers


def _header_code(scheme: Scheme, request: Request, rule: RerunClass, class_code: str) -> str:
    """The header goes with its statements: a code kept from the parent brings the header of its own class."""
    if class_code == rule.statement_code:
        return rule.header_code
    classes = scheme.reruns.classes(request.as_of).values()
    return next(one.header_code for one in classes if one.statement_code == class_code)


def _members(scheme: Scheme, part: list[Planned], month: MonthContent, rule: RerunClass) -> pa.Table:
    """Ledger members in the order of the batch; the identity tells class, parent and round."""
    rows = []
    for place, one in enumerate(part):
        identity = month.targets[one.parent_key]["identity"]
        if one.class_code:
            parent = f"{one.receipt_year}-{one.receipt_no}-{one.statement_no}"
            identity = f"{identity}|{rule.name}|{parent}|{one.round}"
        rows.append(
            {
                "place": place,
                "statement_key": one.statement_key,
                "identity": identity,
                "content_hash": one.content_hash,
                "care_month": one.care_month,
            }
        )
    db = Tables(part=pa.Table.from_pylist(rows), s=month.tables[scheme.views.statement[0]])
    given = ", ".join(
        f"{scheme.targets.member_columns[name]} AS {name}"
        for name in MEMBERS.names
        if name not in (*OWN_COLUMNS, "care_month")
    )
    own = "statement_key, identity, content_hash, part.care_month"
    return db.table(f"SELECT {own}, {given} FROM part JOIN s USING (statement_key) ORDER BY place")


def _references(request: Request, rule: RerunClass, part: list[Planned]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "statement_key": one.statement_key,
                "claim_class": rule.name,
                "relation": rule.relation,
                "class_code": one.class_code,
                "round": one.round,
                "parent_key": one.parent_key,
                "source_key": one.source_key,
                "provider_code": request.provider_code,
                "parent_claim_no": one.parent_claim_no,
                "parent_statement_no": one.statement_no,
                "parent_receipt_year": one.receipt_year,
                "parent_receipt_no": one.receipt_no,
                "reason_code": one.reason_code or None,
                "detail_code": one.detail_code or None,
                "basis": one.basis,
            }
            for one in part
        ],
        schema=LEDGER_REFERENCES,
    )
