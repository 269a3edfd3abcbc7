"""Extract (추출): which statements are due tonight, in which batch, as Parquet and as rows of the ledger.

A statement is taken when the hospital has reviewed it, its day is closed (진료마감), its month or week is over
and no earlier batch holds it. All batches of a night enter the ledger in one transaction after all their tables
stand on disk, so a crash leaves either all of them or none.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu.batches import EXTRACT, BatchFolder
from cheonggu.ledger import Actor, Ledger, NewBatch
from cheonggu.query import Tables
from cheonggu.schemes.scheme import Scheme
from cheonggu.site import Site
from cheonggu.sources import Source
from cheonggu.sources.contract import CONTRACT
from cheonggu.waivers import Waiver
from cheonggu.waiving import release_blocked

LOG = logging.getLogger(__name__)
# States in which the ledger still waits for this statement to join a batch.
FREE_STATES = ("BILLABLE", "READY")
PERSONAL = ("patient_rrn", "patient_name", "subscriber_name", "insurance_card_no")
AMOUNTS = ("claimed_amount", "total_benefit_cost_1", "patient_copay")


@dataclass(frozen=True)
class Extraction:
    """What one night took: batch ids and statement counts; ``waiting`` are due but still open at the hospital."""

    batch_ids: tuple[str, ...]
    statements: int
    waiting: int


def extract_due(
    source: Source,
    ledger: Ledger,
    scheme: Scheme,
    site: Site,
    as_of: date,
    actor: Actor,
    waivers: Sequence[Waiver] = (),
) -> Extraction:
    """Take every due statement into new batches. Raises ContractError or SiteError from the source.

    Blocked statements whose every error one of ``waivers`` meets come again as they are.
    """
    source.check()
    root = site.batches_folder(scheme.name)
    released = release_blocked(ledger, scheme, waivers, lambda batch_id: BatchFolder(root, batch_id), actor)
    if released:
        LOG.info("%d blocked statements go on, their errors are waived", released)
    providers = source.read("provider")
    past = Counter(batch.batch_id.rsplit("-", 1)[0] for batch in ledger.batches(scheme.name))
    batches: list[NewBatch] = []
    members: list[pa.Table] = []
    waiting = 0
    groups = source.groups(site.first_care_month, as_of.strftime("%Y%m"))
    for provider_code, care_month in zip(
        groups["provider_code"].to_pylist(), groups["care_month"].to_pylist(), strict=True
    ):
        month = _Month(source, ledger, scheme, provider_code, care_month, providers, as_of)
        waiting += month.waiting
        for batch, tables, rows in month.batches(past):
            _write(site, scheme, batch, tables)
            batches.append(batch)
            members.append(rows)
            LOG.info("batch %s: %d statements", batch.batch_id, len(rows))
    if batches:
        ledger.add_batches(batches, pa.concat_tables(members), actor)
    return Extraction(
        tuple(sorted(batch.batch_id for batch in batches)), sum(len(rows) for rows in members), waiting
    )


def _write(site: Site, scheme: Scheme, batch: NewBatch, tables: Mapping[str, pa.Table]) -> None:
    folder = BatchFolder(site.batches_folder(scheme.name), batch.batch_id)
    inputs = {"members": batch.batch_id}
    if not folder.is_done(EXTRACT, inputs):
        folder.write_tables(EXTRACT, tables)
        folder.seal(EXTRACT, inputs)


class _Month:
    """One provider's care month: finds the members, then cuts every table along the batches."""

    def __init__(
        self,
        source: Source,
        ledger: Ledger,
        scheme: Scheme,
        provider_code: str,
        care_month: str,
        providers: pa.Table,
        as_of: date,
    ) -> None:
        self.source, self.scheme, self.as_of = source, scheme, as_of
        self.provider_code, self.care_month = provider_code, care_month
        self.providers = providers.filter(pc.equal(providers["provider_code"], provider_code))
        self.db = Tables()
        self.statements = source.read("statement", provider_code=provider_code, care_month=care_month)
        rosters = {"provider": self.providers, "closed_day": self._roster("closed_day")}
        targets = scheme.find_targets(self.statements, rosters, as_of)
        self.waiting = pc.sum(pc.invert(targets["is_billable"])).as_py() or 0
        self.db.add("targets", targets.filter(targets["is_billable"]))
        self.db.add("known", ledger.known_statements(scheme.name, provider_code, care_month))
        free = ", ".join(f"'{state}'" for state in FREE_STATES)
        # A statement may join unless the ledger already holds it in a batch or in a state of its own. What was
        # blocked or came back with a returned claim must have changed since.
        self.db.run(
            f"""CREATE TABLE candidate AS
            SELECT targets.*,
                   CASE WHEN known.state = 'BLOCKED' OR known.is_returned THEN known.content_hash END AS stale_hash
            FROM targets LEFT JOIN known USING (statement_key)
            WHERE known.statement_key IS NULL OR known.state = 'BLOCKED'
               OR (known.state IN ({free}) AND known.batch_id IS NULL)
            QUALIFY row_number() OVER (PARTITION BY statement_key) = 1"""
        )

    def batches(self, past: Mapping[str, int]) -> Iterable[tuple[NewBatch, dict[str, pa.Table], pa.Table]]:
        """Each new batch with its tables and ledger members; ``past`` counts earlier batches of a group."""
        if not self._count("candidate"):
            return
        tables = {
            view: self.source.read(view, provider_code=self.provider_code, care_month=self.care_month)
            for view in self.scheme.statement_views
            if view != "statement"
        }
        tables["statement"] = self.statements
        for view, table in tables.items():
            self.db.add(view, table)
        # A key that stands twice in the source makes one member; validation blocks it and names the key.
        self.db.run(
            """CREATE VIEW one_statement AS SELECT * FROM statement
            QUALIFY row_number() OVER (PARTITION BY statement_key) = 1"""
        )
        self._hash_contents()
        groups = self._number_batches(past)
        if not groups:
            return
        rosters = {view: self._roster(view) for view in self.scheme.roster_views} | {
            "provider": self.providers
        }
        cut = {view: self._cut(view) for view in self.scheme.statement_views}
        orphans = {view: self._orphans(view) for view in self.scheme.statement_views if view != "statement"}
        for ordinal, (batch, rows) in enumerate(groups):
            mine = {view: by_batch.get(ordinal, tables[view].slice(0, 0)) for view, by_batch in cut.items()}
            if ordinal == 0:  # rows without a statement belong to no batch; the first one reports them
                mine |= {view: pa.concat_tables([mine[view], lost]) for view, lost in orphans.items()}
            yield batch, mine | rosters, rows

    def _count(self, table: str) -> int:
        return int(self.db.rows(f"SELECT count(*) FROM {table}")[0][0])

    def _roster(self, view: str) -> pa.Table:
        return self.source.read(view, provider_code=self.provider_code)

    def _hash_contents(self) -> None:
        """SHA-256 over every row of every table of a statement: what READY is a snapshot of."""
        parts = []
        for view in self.scheme.statement_views:
            columns = ", ".join(
                f"coalesce(v.{name}::VARCHAR, '')" for name in CONTRACT.arrow_schema(view).names
            )
            order = ", ".join(f"v.{name}" for name in CONTRACT.key(view))
            parts.append(
                f"""SELECT v.statement_key, '{view}' AS view,
                    string_agg(sha256(concat_ws(chr(31), {columns})), '' ORDER BY {order}) AS h
                    FROM {view} v SEMI JOIN candidate USING (statement_key) GROUP BY v.statement_key"""
            )
        self.db.run(
            f"""CREATE TABLE content AS
            SELECT statement_key, sha256(string_agg(view || h, '' ORDER BY view) || $context) AS content_hash
            FROM ({" UNION ALL ".join(parts)}) GROUP BY statement_key""",
            {"context": self._context()},
        )
        self.db.run(
            """CREATE TABLE member AS SELECT candidate.*, content_hash FROM candidate JOIN content USING (statement_key)
            WHERE stale_hash IS DISTINCT FROM content_hash"""
        )

    def _context(self) -> str:
        """Digest of the tables whose mending gives a blocked statement another chance, such as the doctors."""
        tables = [self.providers, *(self._roster(view) for view in self.scheme.context_views)]
        return hashlib.sha256(str([table.to_pylist() for table in tables]).encode()).hexdigest()

    def _number_batches(self, past: Mapping[str, int]) -> list[tuple[NewBatch, pa.Table]]:
        """Cut the members into batches; the id holds the group and a digest of generation and contents."""
        if not self._count("member"):
            return []
        groups = self.db.rows("SELECT DISTINCT group_key, kind FROM member ORDER BY group_key")
        batches: list[tuple[NewBatch, pa.Table]] = []
        self.db.run("CREATE TABLE place (statement_key VARCHAR, ordinal INTEGER, n INTEGER)")
        # An amount the source left out is named by validation; here it only must not stop the others.
        amounts = ", ".join(f"coalesce(s.{name}, 0) AS {name}" for name in AMOUNTS)
        columns = ", ".join(["s.care_month", amounts, *(f"s.{name}" for name in PERSONAL)])
        for group_key, kind in groups:
            rows = self.db.table(
                f"""SELECT m.statement_key, m.identity, m.content_hash, {columns}
                FROM member m JOIN one_statement s USING (statement_key) WHERE m.group_key = ?
                ORDER BY s.care_from, m.statement_key""",
                [group_key],
            )
            group = self._group(group_key)
            limit = self.scheme.max_statements(kind, self.as_of)
            for start in range(0, len(rows), limit):
                part = rows.slice(start, limit)
                batch = self._batch(kind, group, group_key, part, past.get(group_key, 0))
                numbers = pa.array(range(len(part)), pa.int32())
                self.db.add("part", part.select(["statement_key"]).append_column("n", numbers))
                self.db.run("INSERT INTO place SELECT statement_key, ?, n FROM part", [len(batches)])
                part = part.append_column("batch_id", pa.array([batch.batch_id] * len(part), pa.string()))
                batches.append((batch, part))
        return batches

    def _group(self, group_key: str) -> dict[str, str]:
        names = self.scheme.group_columns
        row = self.db.rows(f"SELECT {', '.join(names)} FROM member WHERE group_key = ? LIMIT 1", [group_key])[
            0
        ]
        return {name: value or "" for name, value in zip(names, row, strict=True)}

    def _batch(
        self, kind: str, group: dict[str, str], group_key: str, rows: pa.Table, generation: int
    ) -> NewBatch:
        """The generation keeps a withdrawn claim's statements from meeting their old batch id again."""
        contents = "".join(
            [str(generation), *rows["statement_key"].to_pylist(), *rows["content_hash"].to_pylist()]
        )
        digest = hashlib.sha256(contents.encode()).hexdigest()[:8]
        return NewBatch(
            batch_id=f"{group_key}-{digest}",
            scheme=self.scheme.name,
            provider_code=self.provider_code,
            treatment_month=self.care_month,
            kind=kind,
            claim_class="",
            claim_date=self.as_of,
            group=group,
            parent_batch_id=None,
        )

    def _cut(self, view: str) -> dict[int, pa.Table]:
        """The view's rows of every batch, in statement order and then in the view's own."""
        order = ", ".join(f"v.{name}" for name in CONTRACT.key(view))
        names = ", ".join(f"v.{name}" for name in CONTRACT.arrow_schema(view).names)
        table = self.db.table(
            f"""SELECT {names}, p.ordinal FROM {view} v JOIN place p USING (statement_key)
            ORDER BY p.ordinal, p.n, {order}"""
        )
        counts = table.group_by("ordinal").aggregate([("ordinal", "count")])
        sizes = dict(zip(counts["ordinal"].to_pylist(), counts["ordinal_count"].to_pylist(), strict=True))
        cut, start = {}, 0
        for ordinal in sorted(sizes):
            rows = table.slice(start, sizes[ordinal]).drop_columns(["ordinal"])
            cut[ordinal] = rows.cast(CONTRACT.arrow_schema(view))
            start += sizes[ordinal]
        return cut

    def _orphans(self, view: str) -> pa.Table:
        names = ", ".join(f"v.{name}" for name in CONTRACT.arrow_schema(view).names)
        lost = self.db.table(f"SELECT {names} FROM {view} v ANTI JOIN statement USING (statement_key)")
        return lost.cast(CONTRACT.arrow_schema(view))
