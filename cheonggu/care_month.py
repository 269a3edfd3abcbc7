"""One provider's care month (or all its months): who may join a claim, in which class, cut into batches."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.contents import digest_context, hash_contents
from cheonggu.ledger import MEMBERS, Ledger, NewBatch
from cheonggu.ledger import REFERENCES as LEDGER_REFERENCES
from cheonggu.optional_views import OptionalViews
from cheonggu.query import Tables
from cheonggu.schemes.scheme import CLASS_NAME, REFERENCE_COLUMNS, REFERENCES, RerunClass, Scheme
from cheonggu.sources import Source

# States in which the ledger still waits for this statement to join a batch.
FREE_STATES = ("BILLABLE", "READY")
# Columns of the ledger's members that are made here; the scheme gives the others.
OWN_COLUMNS = ("batch_id", "statement_key", "identity", "content_hash")
ORIGINAL, OMITTED, SLICE = "", "omitted", "slice"


@dataclass(frozen=True)
class Selection:
    """What a run may take: claim classes by relation ('' for originals), and narrower choices of a person."""

    relations: frozenset[str]
    provider_code: str | None = None
    statement_keys: frozenset[str] = frozenset()


class Month:
    """One provider's care month: finds the members, then cuts every table along the batches.

    ``counts``: waiting, too_late, left.
    """

    def __init__(
        self,
        source: Source,
        ledger: Ledger,
        scheme: Scheme,
        provider_code: str,
        care_month: str | None,
        providers: pa.Table,
        as_of: date,
        chosen: Selection,
        at_reviewer: frozenset[str],
        settings: object,
        first_month: str,
        optional: OptionalViews,
    ) -> None:
        self.optional = optional
        self.source, self.scheme, self.as_of, self.settings = source, scheme, as_of, settings
        self.ledger, self.contract, self.main = ledger, scheme.views.contract, scheme.views.statement[0]
        self.provider_code, self.care_month = provider_code, care_month
        self.providers = providers.filter(pc.equal(providers["provider_code"], provider_code))
        self.classes = {one.relation: one for one in scheme.reruns.classes(as_of).values()}
        self.db = Tables()
        statements = source.read(self.main, provider_code=provider_code, care_month=care_month)
        if care_month is None:
            statements = statements.filter(pc.greater_equal(statements["care_month"], first_month))
        self.statements = statements
        rosters = {view: self._roster(view) for view in scheme.views.target_rosters}
        rosters[scheme.views.provider] = self.providers
        targets = scheme.targets.find(self.statements, rosters, as_of)
        self.counts: Counter[str] = Counter()
        self.counts["waiting"] = pc.sum(pc.invert(targets["is_billable"])).as_py() or 0
        self.references = LEDGER_REFERENCES.empty_table()
        self.db.add("targets", targets.filter(targets["is_billable"]))
        self.db.add("known", ledger.known_statements(scheme.name, provider_code, care_month))
        self.db.add("at_reviewer", pa.table({"group_key": pa.array(sorted(at_reviewer), pa.string())}))
        days = self.statements.select(["statement_key", scheme.views.last_day])
        self.db.add("one_day", days.rename_columns(["statement_key", "care_to"]))
        self._find_candidates()
        self._leave_out(chosen)
        self._refer_slices(ledger)

    def _find_candidates(self) -> None:
        """A statement may join unless the ledger already holds it in a batch or in a state of its own.

        What was blocked or came back with a returned claim must have changed since.
        """
        free = ", ".join(f"'{state}'" for state in FREE_STATES)
        self.db.run(
            f"""CREATE TABLE candidate AS
            SELECT targets.* REPLACE (group_key || CASE relation WHEN '' THEN '' ELSE '-' || relation END AS group_key),
                   relation, one_day.care_to < $limit AS is_too_late, stale_hash
            FROM (
                SELECT targets.*,
                    CASE WHEN slice_of <> '' THEN '{SLICE}'
                         WHEN known.statement_key IS NULL AND $omits
                              AND group_key IN (SELECT group_key FROM at_reviewer)
                         THEN '{OMITTED}' ELSE '' END AS relation,
                    CASE WHEN known.state = 'BLOCKED' OR known.is_returned THEN known.content_hash END AS stale_hash
                FROM targets LEFT JOIN known USING (statement_key)
                WHERE known.statement_key IS NULL OR known.state = 'BLOCKED'
                   OR (known.state IN ({free}) AND known.batch_id IS NULL)
            ) targets JOIN one_day USING (statement_key)
            QUALIFY row_number() OVER (PARTITION BY statement_key) = 1""",
            {"limit": self.scheme.reruns.claim_from(self.as_of), "omits": OMITTED in self.classes},
        )

    def _leave_out(self, chosen: Selection) -> None:
        """Take away, and count, what is too late or not asked for."""
        relations = ", ".join(f"'{one}'" for one in sorted(chosen.relations))
        for name, condition in (
            ("too_late", "is_too_late"),
            ("left", f"relation NOT IN ({relations})"),
        ):
            self.counts[name] = self._count(f"candidate WHERE {condition}")
            self.db.run(f"DELETE FROM candidate WHERE {condition}")
        if chosen.statement_keys:
            self.db.add(
                "named", pa.table({"statement_key": pa.array(sorted(chosen.statement_keys), pa.string())})
            )
            self.db.run("DELETE FROM candidate WHERE statement_key NOT IN (SELECT statement_key FROM named)")

    def _refer_slices(self, ledger: Ledger) -> None:
        """Later slices refer to the receipt of the first one; those whose first has none wait."""
        slices = self.db.rows(
            f"SELECT statement_key, slice_of, slice_no FROM candidate WHERE relation = '{SLICE}' ORDER BY ALL"
        )
        if not slices:
            return
        first = ledger.receipts_of(self.scheme.name, sorted({one for _, one, _ in slices}))
        rule = self.classes[SLICE]
        rows = [
            _slice_reference(rule, self.provider_code, key, slice_no, first[slice_of])
            for key, slice_of, slice_no in slices
            if slice_of in first
        ]
        self.references = pa.Table.from_pylist(rows, schema=LEDGER_REFERENCES)
        self.db.add("referring", self.references)
        waits = f"candidate WHERE relation = '{SLICE}' AND statement_key NOT IN (SELECT statement_key FROM referring)"
        self.counts["waiting"] += self._count(waits)
        self.db.run(f"DELETE FROM {waits}")

    def list_candidates(self) -> pa.Table:
        """What would be taken: statement_key, relation, group_key, care_to."""
        return self.db.table(
            """SELECT statement_key, relation, group_key, care_to
            FROM candidate JOIN one_day USING (statement_key) ORDER BY statement_key"""
        )

    def batches(self, past: Mapping[str, int]) -> Iterable[tuple[NewBatch, dict[str, pa.Table], pa.Table]]:
        """Each new batch with its tables and ledger members; ``past`` counts earlier batches of a group."""
        if not self._count("candidate"):
            return
        tables = {
            view: self.source.read(view, provider_code=self.provider_code, care_month=self.care_month)
            for view in self.scheme.views.statement
            if view != self.main
        }
        tables[self.main] = self.statements
        further = self.optional.read(self.provider_code, self.care_month)
        own = {view: further[view] for view in self.optional.statement_views()}
        for view, table in (tables | own).items():
            self.db.add(view, table)
        # A key that stands twice in the source makes one member; validation blocks it and names the key.
        self.db.run(
            f"""CREATE VIEW one_statement AS SELECT * FROM {self.main}
            QUALIFY row_number() OVER (PARTITION BY statement_key) = 1"""
        )
        self._hash_contents()
        groups = self._number_batches(past)
        if not groups:
            return
        rosters = {view: self._roster(view) for view in self.scheme.views.roster} | {
            self.scheme.views.provider: self.providers
        }
        cut = {view: self._cut(view) for view in self.scheme.views.statement}
        orphans = {view: self._orphans(view) for view in self.scheme.views.statement if view != self.main}
        for ordinal, (batch, rows) in enumerate(groups):
            mine = {view: by_batch.get(ordinal, tables[view].slice(0, 0)) for view, by_batch in cut.items()}
            if ordinal == 0:  # rows without a statement belong to no batch; the first one reports them
                mine |= {view: pa.concat_tables([mine[view], lost]) for view, lost in orphans.items()}
            linked = self._linked(rosters, mine[self.main])
            yield batch, mine | linked | self.optional.cut(further, mine) | self._references_of(rows), rows

    def _linked(self, rosters: Mapping[str, pa.Table], statements: pa.Table) -> dict[str, pa.Table]:
        """The rosters, those with a link cut to the rows that the batch's statements point to."""
        cut = dict(rosters)
        for view, column in self.scheme.views.linked_rosters.items():
            wanted = pc.unique(statements[column].combine_chunks())
            cut[view] = rosters[view].filter(pc.is_in(rosters[view][column], value_set=wanted))
        return cut

    def _references_of(self, rows: pa.Table) -> dict[str, pa.Table]:
        """What a batch's slices refer to, as assembly reads it."""
        keys = rows["statement_key"].combine_chunks()
        mine = self.references.filter(pc.is_in(self.references["statement_key"], value_set=keys))
        return {REFERENCES: write_references(mine)} if len(mine) else {}

    def _count(self, table: str) -> int:
        return int(self.db.rows(f"SELECT count(*) FROM {table}")[0][0])

    def _roster(self, view: str) -> pa.Table:
        return self.source.read(view, provider_code=self.provider_code)

    def _hash_contents(self) -> None:
        """What READY is a snapshot of, and which candidates are the same as when they were blocked or returned."""
        context = digest_context(
            [self.providers, *(self._roster(view) for view in self.scheme.views.context)], self.settings
        )
        views = (*self.scheme.views.statement, *self.optional.statement_views())
        hash_contents(self.db, views, "candidate", context, contract=self.contract)
        self._add_decisions()
        self.db.run(
            """CREATE TABLE member AS SELECT candidate.*, content_hash FROM candidate JOIN content USING (statement_key)
            WHERE stale_hash IS DISTINCT FROM content_hash"""
        )

    def _add_decisions(self) -> None:
        """What a person decided about a statement is part of what READY is a snapshot of."""
        given = [
            (one.subject, str(one.instruction_id))
            for kind in self.scheme.checks.decision_kinds
            for one in self.ledger.instructions(self.scheme.name, kind=kind, valid_on=self.as_of)
        ]
        if given:
            subjects, ids = (pa.array(column, pa.string()) for column in zip(*given, strict=True))
            self.db.add("decided", pa.table({"statement_key": subjects, "instruction": ids}))
            self.db.run(
                """CREATE OR REPLACE TABLE content AS
                SELECT statement_key, CASE WHEN ids IS NULL THEN content_hash ELSE sha256(content_hash || ids) END
                    AS content_hash
                FROM content LEFT JOIN (SELECT statement_key, string_agg(instruction, ',' ORDER BY instruction) AS ids
                    FROM decided GROUP BY statement_key) USING (statement_key)"""
            )

    def _number_batches(self, past: Mapping[str, int]) -> list[tuple[NewBatch, pa.Table]]:
        """Cut the members into batches; the id holds the group and a digest of generation and contents."""
        if not self._count("member"):
            return []
        groups = self.db.rows("SELECT DISTINCT group_key, kind, relation FROM member ORDER BY group_key")
        batches: list[tuple[NewBatch, pa.Table]] = []
        self.db.run("CREATE TABLE place (statement_key VARCHAR, ordinal INTEGER, n INTEGER)")
        # An amount the source left out is named by validation; here it only must not stop the others.
        given = self.scheme.targets.member_columns
        columns = ", ".join(f"{given[name]} AS {name}" for name in MEMBERS.names if name not in OWN_COLUMNS)
        for group_key, kind, relation in groups:
            rows = self.db.table(
                f"""SELECT m.statement_key, m.identity, m.content_hash, {columns}
                FROM member m JOIN one_statement s USING (statement_key) WHERE m.group_key = ?
                ORDER BY {self.scheme.targets.member_order}, m.statement_key""",
                [group_key],
            )
            rule = self.classes.get(relation)
            group = self._group(group_key) | ({} if rule is None else {CLASS_NAME: rule.name})
            header_code = "" if rule is None else rule.header_code
            limit = self.scheme.targets.max_statements(kind, self.as_of)
            for start in range(0, len(rows), limit):
                part = rows.slice(start, limit)
                batch = NewBatch(
                    batch_id=make_batch_id(group_key, part, past.get(group_key, 0)),
                    scheme=self.scheme.name,
                    provider_code=self.provider_code,
                    treatment_month=self.care_month or f"{self.as_of:%Y%m}",
                    kind=kind,
                    claim_class=header_code,
                    claim_date=self.as_of,
                    group=group,
                    parent_batch_id=None,
                )
                numbers = pa.array(range(len(part)), pa.int32())
                self.db.add("part", part.select(["statement_key"]).append_column("n", numbers))
                self.db.run("INSERT INTO place SELECT statement_key, ?, n FROM part", [len(batches)])
                part = part.append_column("batch_id", pa.array([batch.batch_id] * len(part), pa.string()))
                batches.append((batch, part))
        return batches

    def _group(self, group_key: str) -> dict[str, str]:
        names = self.scheme.targets.group_columns
        row = self.db.rows(f"SELECT {', '.join(names)} FROM member WHERE group_key = ? LIMIT 1", [group_key])[
            0
        ]
        return {name: value or "" for name, value in zip(names, row, strict=True)}

    def _cut(self, view: str) -> dict[int, pa.Table]:
        """The view's rows of every batch, in statement order and then in the view's own."""
        order = ", ".join(f"v.{name}" for name in self.contract.key(view))
        names = ", ".join(f"v.{name}" for name in self.contract.arrow_schema(view).names)
        table = self.db.table(
            f"""SELECT {names}, p.ordinal FROM {view} v JOIN place p USING (statement_key)
            ORDER BY p.ordinal, p.n, {order}"""
        )
        counts = table.group_by("ordinal").aggregate([("ordinal", "count")])
        sizes = dict(zip(counts["ordinal"].to_pylist(), counts["ordinal_count"].to_pylist(), strict=True))
        cut, start = {}, 0
        for ordinal in sorted(sizes):
            rows = table.slice(start, sizes[ordinal]).drop_columns(["ordinal"])
            cut[ordinal] = rows.cast(self.contract.arrow_schema(view))
            start += sizes[ordinal]
        return cut

    def _orphans(self, view: str) -> pa.Table:
        names = ", ".join(f"v.{name}" for name in self.contract.arrow_schema(view).names)
        lost = self.db.table(f"SELECT {names} FROM {view} v ANTI JOIN {self.main} USING (statement_key)")
        return lost.cast(self.contract.arrow_schema(view))


def make_batch_id(group_key: str, rows: pa.Table, generation: int) -> str:
    """Group and a digest of members, contents and generation.

    The generation keeps a withdrawn claim's statements from meeting their old batch id again.
    """
    contents = "".join(
        [str(generation), *rows["statement_key"].to_pylist(), *rows["content_hash"].to_pylist()]
    )
    return f"{group_key}-{hashlib.sha256(contents.encode()).hexdigest()[:8]}"


def write_references(references: pa.Table, without_reason: Sequence[str] = ()) -> pa.Table:
    """The ledger's references (``model.REFERENCES``) as they stand on the wire; a class without a code has none.

    ``without_reason``: codes kept from a parent (추가 2, 분리 3), whose statements carry no reason code.
    """
    references = references.filter(pc.not_equal(references["class_code"], ""))
    kept = pc.is_in(references["class_code"], value_set=pa.array(without_reason, pa.string()))
    reasons = pc.if_else(kept, pa.scalar(None, pa.string()), references["reason_code"])
    references = references.set_column(references.column_names.index("reason_code"), "reason_code", reasons)
    names = ("statement_key", "class_code", "parent_receipt_no", "parent_statement_no", "reason_code")
    return references.select(names).rename_columns(REFERENCE_COLUMNS.names)


def _slice_reference(
    rule: RerunClass, provider_code: str, key: str, slice_no: int, first: Mapping[str, str]
) -> dict[str, str | int | None]:
    return {
        "statement_key": key,
        "claim_class": rule.name,
        "relation": rule.relation,
        "class_code": rule.statement_code,
        "round": slice_no,
        "parent_key": first["statement_key"],
        "source_key": key,
        "provider_code": provider_code,
        "parent_claim_no": first["claim_no"],
        "parent_statement_no": first["statement_no"],
        "parent_receipt_year": first["receipt_year"],
        "parent_receipt_no": first["receipt_no"],
        "reason_code": None,
        "detail_code": None,
        "basis": "notice",
    }
