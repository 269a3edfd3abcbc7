"""The pre-check (사전점검): runs a rule catalogue over the tables of one claim and returns findings.

Conditions on the rows of one table are planned together into one scan of that table with a boolean column each; only
joins, windows and look-ups are queries of their own. A ``Checker`` keeps plans, not rows, from claim to claim. A rule
whose optional table is absent, whose dated value is unknown or whose condition cannot be run is reported in
``not_checked``, never passed over.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from cheonggu import findings
from cheonggu.errors import InputError
from cheonggu.precheck.model import Catalogue, Part, Rule
from cheonggu.precheck.session import (
    FINDING,
    HIT,
    STATEMENT_DAY,
    WORD,
    Session,
    fill_values,
    place_columns,
    query_columns,
    table_place,
)

# Rows of all tables up to which a claim is checked with kept plans: above it, planning weighs less than a good plan.
SMALL_ROWS = 30_000
# Claims after which a session with kept plans is made anew: truncated rows leave some memory behind (60 kB a claim
# of 60 statements was measured).
KEPT_CLAIMS = 500
# Findings a person waived: rules about findings, such as the share of impossible statements, do not count them.
# Null stands for any statement, line or field; line 0 and field "" for a finding that names none.
WAIVED = pa.schema(
    [("rule_id", pa.string()), ("statement_no", pa.string()), ("line_no", pa.int64()), ("field", pa.string())]
)


@dataclass(frozen=True)
class CheckResult:
    """``findings`` has the columns of ``cheonggu.findings.FINDINGS``, in order of rule, statement, line and field.

    ``not_checked``: (rule id, reason) of each condition that could not be decided. ``seconds``: wall time by step, one
    entry per table scan (``scan line``) and per rule with a query.
    """

    findings: pa.Table
    not_checked: tuple[tuple[str, str], ...]
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class _Job:
    """One condition to run now: the rule's place in the catalogue and its part with the dated values filled in."""

    number: int
    rule: Rule
    part: Part


def claim_row(**facts: Any) -> pa.Table:
    """The one-row ``claim`` table from facts such as ``kind``, ``insurance``, ``setting`` and ``provider_kind``."""
    return pa.table({name: [value] for name, value in facts.items()})


class Checker:
    """Checks one claim after another with one catalogue; belongs to one thread and is closed by ``with``.

    The rows of a claim are gone when the next one is checked; what stays are plans, without values of any claim.
    """

    def __init__(self, catalogue: Catalogue, *, threads: int = 2, memory_limit: str = "2GB") -> None:
        self.catalogue, self.threads, self.memory_limit = catalogue, threads, memory_limit
        self._kept: Session | None = None
        self._checked = 0  # claims of the kept session

    def __enter__(self) -> Checker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._kept:
            self._kept.close()
            self._kept = None

    def check(
        self,
        tables: Mapping[str, pa.Table],
        *,
        on: date,
        only: frozenset[str] | None = None,
        waived: pa.Table | None = None,
    ) -> CheckResult:
        """Run the rules, or ``only`` those named, over one claim: see :func:`check`. ``waived``: as ``WAIVED``."""
        waived = WAIVED.empty_table() if waived is None else waived
        facts = {**_claim_facts(tables), "submission_on": on}
        given = {**tables, "claim": pa.Table.from_pylist([facts])}
        clock = _Clock()
        if sum(table.num_rows for table in given.values()) > SMALL_ROWS:
            session = self._open(keeps_plans=False)
            try:
                return _check(self.catalogue, session, given, facts, on, only, waived, clock)
            finally:
                session.close()
        with clock("open"):
            if self._kept and self._checked >= KEPT_CLAIMS:
                self._kept.close()
                self._kept, self._checked = None, 0
            self._kept = self._kept or self._open(keeps_plans=True)
            self._checked += 1
        return _check(self.catalogue, self._kept, given, facts, on, only, waived, clock)

    def _open(self, *, keeps_plans: bool) -> Session:
        threads = 1 if keeps_plans else self.threads  # sharing out a small claim costs more than it gains
        return Session(
            self.catalogue, threads=threads, memory_limit=self.memory_limit, keeps_plans=keeps_plans
        )


def check(
    catalogue: Catalogue,
    tables: Mapping[str, pa.Table],
    *,
    on: date,
    threads: int = 2,
    memory_limit: str = "2GB",
) -> CheckResult:
    """Run every rule over one claim: ``tables`` by declared name (``tables.csv``), ``on`` the day of the hand-off.

    ``claim`` must be there with one row; other core tables may be missing and then count as empty.
    InputError for unknown tables, wrong column types or a missing claim row.
    """
    with Checker(catalogue, threads=threads, memory_limit=memory_limit) as checker:
        return checker.check(tables, on=on)


def _claim_facts(tables: Mapping[str, pa.Table]) -> dict[str, Any]:
    claim = tables.get("claim")
    if claim is None or claim.num_rows != 1:
        raise InputError(
            "The pre-check needs the claim table with exactly one row.",
            "사전점검에는 한 행짜리 claim 표가 필요합니다.",
        )
    facts: dict[str, Any] = claim.to_pylist()[0]
    return facts


def _check(
    catalogue: Catalogue,
    session: Session,
    tables: Mapping[str, pa.Table],
    facts: Mapping[str, Any],
    on: date,
    only: frozenset[str] | None,
    waived: pa.Table,
    clock: _Clock,
) -> CheckResult:
    with clock("load"):
        session.fill(tables)
    with clock("prepare"):
        session.prepare()
    jobs, not_checked = _plan_jobs(catalogue, tables, facts, _care_month(tables, on), only)
    late = [job for job in jobs if FINDING in job.part.requires]
    not_checked += _run(session, [job for job in jobs if job not in late], clock)
    _keep_rule_days(session)
    if late:
        _show_findings(session, waived)
        not_checked += _run(session, late, clock)
    with clock("collect"):
        found = _collect(session)
    order = {rule.id: number for number, rule in enumerate(catalogue.rules)}
    return CheckResult(
        found, tuple(sorted(set(not_checked), key=lambda one: (order[one[0]], one[1]))), clock.seconds
    )


class _Clock:
    """Adds up wall seconds by label."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def __call__(self, label: str) -> _Clock:
        self._label = label
        return self

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds[self._label] += time.perf_counter() - self._start


def _care_month(tables: Mapping[str, pa.Table], on: date) -> date:
    """First day of the header's treatment month, by which dated values are looked up; the hand-off day without one."""
    header = tables.get("header")
    text: str = header["treatment_month"][0].as_py() if header is not None and header.num_rows else ""
    try:
        return date(int(text[:4]), int(text[4:6]), 1)
    except (TypeError, ValueError):
        return on


def _plan_jobs(
    catalogue: Catalogue,
    tables: Mapping[str, pa.Table],
    facts: Mapping[str, Any],
    care_month: date,
    only: frozenset[str] | None,
) -> tuple[list[_Job], list[tuple[str, str]]]:
    """Which conditions run, and why the others do not. A rule that is not for this claim is neither."""
    jobs: list[_Job] = []
    not_checked: list[tuple[str, str]] = []
    for number, rule in enumerate(catalogue.rules):
        unknown = [f"claim.{column} is not known" for column in _unknown_facts(rule, facts)]
        if (only is not None and rule.id not in only) or not _is_for(rule, facts):
            continue
        for part in rule.parts:
            values, missing = _values_on(catalogue, part, care_month)
            reasons = unknown + missing
            reasons += _lacking(catalogue, part, tables)
            if reasons:
                not_checked += [(rule.id, one) for one in reasons]
                continue
            jobs.append(_Job(number, rule, _fill(part, values)))
    return jobs, not_checked


def _lacking(catalogue: Catalogue, part: Part, tables: Mapping[str, pa.Table]) -> list[str]:
    """Optional tables, and columns of them that the condition names, which were not supplied."""
    reasons = []
    words = set(WORD.findall(f"{part.where} {part.query} {part.detail}"))
    for name in part.requires:
        if name == FINDING:
            continue
        if name not in tables:
            reasons.append(f"table {name} absent")
        elif tables[name].num_rows:
            missing = [one.name for one in catalogue.tables.tables[name].columns if one.name in words]
            reasons += [
                f"table {name} has no column {one}" for one in missing if one not in tables[name].column_names
            ]
    return reasons


def _fill(part: Part, values: Mapping[str, Any]) -> Part:
    return replace(
        part,
        where=fill_values(part.where, values),
        query=fill_values(part.query, values),
        detail=fill_values(part.detail, values),
    )


def _is_for(rule: Rule, facts: Mapping[str, Any]) -> bool:
    """Whether no known fact speaks against the rule."""
    return all(
        facts.get(name) is None or facts[name] in values for name, values in rule.applies.facts().items()
    )


def _unknown_facts(rule: Rule, facts: Mapping[str, Any]) -> list[str]:
    return [name for name in rule.applies.facts() if facts.get(name) is None]


def _values_on(catalogue: Catalogue, part: Part, day: date) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    missing: list[str] = []
    for name in part.values:
        try:
            values[name] = catalogue.values[name].at(day)
        except InputError:
            missing.append(f"no value of {name} for {day.isoformat()}")
    return values, missing


def _run(session: Session, jobs: Iterable[_Job], clock: _Clock) -> list[tuple[str, str]]:
    """Put what the conditions find into ``hit``; returns the ones that could not be run."""
    scans: dict[str, list[_Job]] = defaultdict(list)
    failed: list[tuple[str, str]] = []
    for job in jobs:
        if job.part.table:
            scans[job.part.table].append(job)
            continue
        with clock(job.rule.id):
            failed += _attempt(session, job, job.part.query)
    for table, scanned in scans.items():
        with clock(f"scan {table}"):
            failed += _scan(session, table, scanned)
    return failed


def _scan(session: Session, table: str, jobs: list[_Job]) -> list[tuple[str, str]]:
    """One pass over a table tells which predicates hold anywhere; only those look for their rows.

    Keeping a boolean column per predicate for every row would cost each predicate twice: once to filter, once to keep.
    """
    place = table_place(session.catalogue, table)
    found = ", ".join(f"bool_or(coalesce(({job.part.where}), false))" for job in jobs)
    try:
        (flags,) = session.run(f"SELECT {found} FROM {place}", _all_required(jobs)).fetchall()
    except duckdb.Error:  # one of them fails: each shows for itself
        flags = (True,) * len(jobs)
    failed = []
    for job, is_found in zip(jobs, flags, strict=True):
        if is_found:
            failed += _attempt(session, job, f"SELECT * FROM {place} WHERE {job.part.where}")
    return failed


def _all_required(jobs: Iterable[_Job]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for job in jobs for name in job.part.requires))


def _attempt(session: Session, job: _Job, query: str) -> list[tuple[str, str]]:
    """Insert the rows of one query into ``hit``. A failure names only its class: its text may quote a value."""
    part = job.part
    try:
        columns = place_columns(session.db, session.catalogue, part) if part.table else query_columns(part)
        session.run(f"INSERT INTO {HIT} SELECT {job.number}, {columns} FROM ({query})", part.requires)
    except duckdb.Error as error:
        return [(job.rule.id, f"could not be run ({type(error).__name__})")]
    return []


def _keep_rule_days(session: Session) -> None:
    """Drop what rules with days found on statements that begin outside those days.

    ``statement_day`` holds the day per statement: its start date, or the first day of the treatment month.
    """
    for number, rule in enumerate(session.catalogue.rules):
        if rule.first or rule.last:
            first = f"care_on < DATE '{rule.first}'" if rule.first else "false"
            last = f"care_on > DATE '{rule.last}'" if rule.last else "false"
            session.run(
                f"DELETE FROM {HIT} WHERE rule_no = {number} AND coalesce(statement_no, '') IN"
                f" (SELECT statement_no FROM {STATEMENT_DAY} WHERE {first} OR {last})"
            )


def _show_findings(session: Session, waived: pa.Table) -> None:
    catalogue = session.catalogue
    rules = pa.table(
        {
            "rule_no": list(range(len(catalogue.rules))),
            "rule_id": [one.id for one in catalogue.rules],
            "level": [one.level for one in catalogue.rules],
            "scope": [one.scope for one in catalogue.rules],
            "prevents_impossible": [
                any(code.startswith("I:") for code in one.preempts) for one in catalogue.rules
            ],
        }
    )
    session.db.register("rules", rules)
    session.db.register("waived", waived)
    session.db.execute(
        f"INSERT INTO opt_{FINDING}.{FINDING} SELECT rule_id, level, scope, statement_no, prevents_impossible"
        f" FROM {HIT} AS h JOIN rules USING (rule_no) WHERE NOT EXISTS (FROM waived w"
        " WHERE w.rule_id = rules.rule_id AND coalesce(w.statement_no = h.statement_no, w.statement_no IS NULL)"
        " AND coalesce(w.line_no = coalesce(h.line_no, 0), w.line_no IS NULL)"
        " AND coalesce(w.field = coalesce(h.field, ''), w.field IS NULL))"
    )
    session.db.unregister("waived")
    session.db.unregister("rules")


def _collect(session: Session) -> pa.Table:
    """``hit`` as a findings table."""
    hits = session.db.sql(
        f"SELECT * FROM main.{HIT} ORDER BY rule_no, statement_no NULLS FIRST, line_no NULLS FIRST, field, file, detail"
    ).to_arrow_table()
    rows = hits["rule_no"]
    rules = session.catalogue.rules

    def of_rule(values: list[str | None]) -> Any:
        return pa.array(values, pa.string()).take(rows.combine_chunks())

    own = {name: of_rule([getattr(one, name) for one in rules]) for name in
           ("level", "scope", "message_ko", "message_en", "fix_ko", "fix_en")}  # fmt: skip
    record = pa.compute.coalesce(hits["record"], of_rule([one.record for one in rules]))
    return findings.from_columns(
        {
            **own,
            "rule_id": of_rule([one.id for one in rules]),
            "stage": "precheck",
            "statement_no": hits["statement_no"],
            "line_no": hits["line_no"],
            "field": hits["field"],
            "detail": hits["detail"],
            "file": hits["file"],
            "record": record,
        },
        hits.num_rows,
    )
