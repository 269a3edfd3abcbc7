"""Pre-check of one assembled batch: the rules run over the files themselves, findings get their statement keys.

An error that names statements takes those out: the claim is withdrawn and the others go on in a successor batch.
An error of the claim as a whole holds it for a person. Warnings only show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu import findings
from cheonggu.assembly import MEMBERS
from cheonggu.batches import ASSEMBLE, PRECHECK, VALIDATE, BatchFolder
from cheonggu.errors import SiteError
from cheonggu.ledger import Batch, Ledger, NewBatch
from cheonggu.past import read_past
from cheonggu.precheck import Checker
from cheonggu.schemes.scheme import Scheme
from cheonggu.waivers import Waiver
from cheonggu.waiving import apply_waivers, choose, name_waivers, number_waived, place_statements

FINDINGS, NOT_CHECKED = "findings", "not_checked"
COMPUTED = "computed_amounts"  # a scheme that settles amounts leaves this table for its rules
PAST = {"identity", "history_stmt", "history_claim", "history_line", "history_rx"}  # what ``past`` can give
OVERLAP = "overlap"  # among the tables of the past: statements whose visit another scheme holds too
ASKED = "asked_line"  # likewise: lines of claims that nobody has decided yet (``ledger.lines.ASKED_LINE``)
VISIT = "history_visit"  # the same for the rules, under the statements' numbers
SUCCESSOR_MARK = "r"
BROKEN_DOWN = "could not be run"  # how the engine begins the reason of a rule that failed while running


@dataclass(frozen=True)
class Checked:
    """The outcome: ``status`` ok | warn | failed, keys to take out, and whether the claim itself is wrong."""

    status: str
    findings: pa.Table
    blocked_keys: tuple[str, ...]
    is_claim_wrong: bool


def check_batch(
    folder: BatchFolder,
    scheme: Scheme,
    batch: Batch,
    checker: Checker,
    ledger: Ledger,
    as_of: date,
    further: Mapping[str, pa.Table],
    waivers: Sequence[Waiver] = (),
    last: frozenset[str] = frozenset(),
) -> Checked:
    """Run the catalogue over one frozen claim, once per set of files, rules, waivers and day.

    ``further`` tables go before what earlier claims tell. Findings that one of ``waivers`` (those that hold on the
    day) meets are marked and do not count. ``last``: rules that are asked before the hand-off instead.
    """
    members = folder.read(ASSEMBLE, MEMBERS, ["statement_key", "statement_no"])
    chosen = choose(waivers, batch.provider_code, members["statement_key"])
    inputs = {
        ASSEMBLE: folder.inputs_digest(ASSEMBLE),
        "rules": checker.catalogue.version,
        "as_of": as_of.isoformat(),
        "waivers": name_waivers(chosen),
    }
    if not folder.is_done(PRECHECK, inputs):
        folder.reopen(PRECHECK)
        given = {**tables_of(folder, scheme, batch, members, as_of, further), **_computed(folder, members)}
        declared = checker.catalogue.tables.tables
        known = {} if not PAST & declared.keys() else read_past(ledger, folder, batch, members, as_of)
        known |= {name: table for name, table in further.items() if name in declared}
        if OVERLAP in further and VISIT in declared:
            known[VISIT] = _by_number(further[OVERLAP], members)
        places = places_of(folder, scheme, batch)
        waived = number_waived(chosen, places, members) if chosen else None
        now = frozenset(one.id for one in checker.catalogue.rules) - last
        result = checker.check({**given, **known}, on=as_of, only=now, waived=waived)
        _must_be_whole(batch, result.not_checked)
        skipped = pa.table(
            {
                "rule_id": pa.array([rule for rule, _ in result.not_checked], pa.string()),
                "reason": pa.array([reason for _, reason in result.not_checked], pa.string()),
            }
        )
        found = apply_waivers(with_keys(result.findings, members), chosen, places, batch.provider_code)
        folder.write_tables(PRECHECK, {FINDINGS: found, NOT_CHECKED: skipped})
        folder.seal(PRECHECK, inputs)
    return judge(folder.read(PRECHECK, FINDINGS))


def check_again(folder: BatchFolder, scheme: Scheme, batch: Batch, waivers: Sequence[Waiver]) -> Checked:
    """What the findings of an earlier check mean under the waivers that hold now."""
    found, places = folder.read(PRECHECK, FINDINGS), places_of(folder, scheme, batch)
    return judge(apply_waivers(found, waivers, places, batch.provider_code))


def places_of(folder: BatchFolder, scheme: Scheme, batch: Batch) -> pa.Table:
    """Where each statement of the batch belongs, as waivers name it."""
    columns = list(filter(None, ("statement_key", scheme.views.department_column)))
    statements = folder.read(VALIDATE, scheme.views.statement[0], columns)
    return place_statements(statements, batch.provider_code, scheme.views.department_column)


def _must_be_whole(batch: Batch, not_checked: Iterable[tuple[str, str]]) -> None:
    """A rule that broke down, for want of memory say, must not pass for a rule that found nothing."""
    broken = [f"{rule} {reason}" for rule, reason in not_checked if reason.startswith(BROKEN_DOWN)]
    if broken:
        raise SiteError(
            f"Batch {batch.batch_id}: the pre-check could not run {len(broken)} rules, first {broken[0]}.",
            f"배치 {batch.batch_id}: 규칙 {len(broken)}개를 점검하지 못했습니다. 처음: {broken[0]}.",
            fix_en="Give the machine more memory, or mend the rule, then run again.",
            fix_ko="메모리를 늘리거나 규칙을 고친 뒤 다시 실행하세요.",
        )


def tables_of(
    folder: BatchFolder,
    scheme: Scheme,
    batch: Batch,
    members: pa.Table,
    as_of: date,
    further: Mapping[str, pa.Table],
) -> dict[str, pa.Table]:
    """The scheme's tables of one batch: files, source tables as validation left them, optional views where given."""
    optional = (view for view in scheme.views.optional if folder.has(VALIDATE, view))
    views = (
        scheme.views.provider,
        *scheme.views.statement,
        *scheme.views.roster,
        *scheme.views.file,
        *optional,
    )
    return scheme.checks.tables(
        folder.stage(ASSEMBLE) / scheme.files.folder,
        {view: folder.read(VALIDATE, view) for view in views},
        {"batch": batch, "as_of": as_of, "members": members, **further},
    )


def _computed(folder: BatchFolder, members: pa.Table) -> dict[str, pa.Table]:
    """The amounts the scheme worked out, under the statements' numbers, where validation left them."""
    if not folder.has(VALIDATE, COMPUTED):
        return {}
    return {COMPUTED: _by_number(folder.read(VALIDATE, COMPUTED), members)}


def _by_number(table: pa.Table, members: pa.Table) -> pa.Table:
    """The rows of the claim's members, their keys exchanged for the statements' numbers."""
    return members.join(table, "statement_key", join_type="inner").drop_columns(["statement_key"])


def with_keys(found: pa.Table, members: pa.Table) -> pa.Table:
    """Fill statement_key from the statement number; claim-wide findings keep none."""
    index = pc.index_in(found["statement_no"], value_set=members["statement_no"].combine_chunks())
    keys = members["statement_key"].combine_chunks().take(index.combine_chunks())
    return found.set_column(
        found.column_names.index("statement_key"), findings.FINDINGS.field("statement_key"), keys
    )


def judge(found: pa.Table) -> Checked:
    """What the findings mean for the claim.

    While single statements are wrong, they leave first: an error of the whole claim may be their doing (30 % of the
    statements impossible, sums), and what is left of it shows when the successor is checked.
    """
    errors = findings.errors_only(found)
    keys = tuple(sorted(pc.unique(errors["statement_key"].drop_null()).to_pylist()))
    is_claim_wrong = not keys and len(errors) > 0
    status = "failed" if len(errors) else "warn" if len(found) else "ok"
    return Checked(status, found, keys, is_claim_wrong)


def make_successor(folder: BatchFolder, batch: Batch, blocked_keys: tuple[str, ...]) -> NewBatch | None:
    """The batch of the statements that stay, with their validated tables on disk; None when none stays."""
    # The batch also counts what validation set aside; the claim holds only what was assembled.
    if len(blocked_keys) == len(folder.read(ASSEMBLE, MEMBERS, ["statement_key"])):
        return None
    names = [path.stem for path in folder.stage(VALIDATE).glob("*.parquet")]
    gone = pa.array(blocked_keys, pa.string())
    kept = {name: _without(folder.read(VALIDATE, name), gone) for name in names}
    target = BatchFolder(folder.root, _next_id(batch))
    inputs = {"parent": folder.inputs_digest(VALIDATE), "without": ",".join(blocked_keys)}
    if not target.is_done(VALIDATE, inputs):
        target.reopen(VALIDATE)
        target.write_tables(VALIDATE, kept)
        target.seal(VALIDATE, inputs)
    return NewBatch(
        batch_id=target.batch_id,
        scheme=batch.scheme,
        provider_code=batch.provider_code,
        treatment_month=batch.treatment_month,
        kind=batch.kind,
        claim_class=batch.claim_class,
        claim_date=batch.claim_date,
        group=dict(batch.group),
        parent_batch_id=batch.batch_id,
    )


def _without(table: pa.Table, keys: pa.Array) -> pa.Table:
    if "statement_key" not in table.column_names:
        return table
    return table.filter(pc.invert(pc.is_in(table["statement_key"], value_set=keys)))


def _next_id(batch: Batch) -> str:
    """``…-r1``, then ``…-r2``: the parent's id with the next round."""
    if batch.parent_batch_id is None:
        return f"{batch.batch_id}-{SUCCESSOR_MARK}1"
    base, _, round_no = batch.batch_id.rpartition(f"-{SUCCESSOR_MARK}")
    return f"{base}-{SUCCESSOR_MARK}{int(round_no) + 1}"
