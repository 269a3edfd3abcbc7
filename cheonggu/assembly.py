"""Assembly of one batch: from validated tables to frozen files, and the same into the ledger.

Files are made from the batch folder alone, so a crash before the ledger knows them costs nothing: the next run
finds the sealed stage, or makes the same bytes again. Once the ledger holds the hashes the claim is frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from cheonggu.batches import ASSEMBLE, VALIDATE, BatchFolder, FileFact, make_private
from cheonggu.ledger import Actor, Batch, Ledger
from cheonggu.ledger.lines import CLAIM_LINES, VISITS
from cheonggu.schemes.scheme import REFERENCE_COLUMNS, REFERENCES, Assembled, BatchInput, Scheme
from cheonggu.site import FILES

HEADER, MEMBERS, FINDINGS, LINES = "header", "members", "findings", "claim_lines"


@dataclass(frozen=True)
class BuiltClaim:
    """What the ledger needs to know of a built claim."""

    claim_no: str
    members: pa.Table
    header: dict[str, int]
    files: tuple[FileFact, ...]
    findings: pa.Table
    lines: pa.Table


def assemble_batch(
    folder: BatchFolder, scheme: Scheme, batch: Batch, claim_no: str, remark: str, chunk_statements: int
) -> BuiltClaim:
    """Build (or find built) the files of one claim."""
    inputs = {VALIDATE: folder.inputs_digest(VALIDATE), "claim_no": claim_no, "remark": remark}
    if not folder.is_done(ASSEMBLE, inputs):
        folder.reopen(ASSEMBLE)
        claim = scheme.files.assemble(_batch_input(folder, scheme, batch, claim_no, remark))
        made = make_private(folder.stage(ASSEMBLE))
        found = scheme.files.write(made, batch.kind, claim, chunk_statements)
        folder.write_tables(ASSEMBLE, _tables(claim, found))
        folder.seal(ASSEMBLE, inputs)
    return _built(folder, scheme, claim_no)


def record_assembled(
    ledger: Ledger,
    folder: BatchFolder,
    batch: Batch,
    claim: BuiltClaim,
    actor: Actor,
    find_visits: Callable[[Mapping[str, pa.Table]], pa.Table] | None = None,
) -> bool:
    """Freeze the claim in the ledger; a claim whose files could not be written is held instead (False).

    ``find_visits``: the scheme's, where one ledger serves several schemes, so that each sees the others' visits.
    """
    if len(claim.findings):
        ledger.hold(batch.batch_id, "WIRE", actor, findings=claim.findings)
        return False
    visits = VISITS.empty_table() if find_visits is None else find_visits(_Views(folder))
    if len(visits) or len(claim.lines):
        ledger.keep_lines(batch.batch_id, claim.lines, visits, actor)
    ledger.record_assembled(batch.batch_id, claim.members, claim.header, claim.files, actor)
    return True


class _Views(Mapping[str, pa.Table]):
    """The validated tables of a batch, read when they are asked for."""

    def __init__(self, folder: BatchFolder) -> None:
        self.folder = folder

    def __getitem__(self, view: str) -> pa.Table:
        return self.folder.read(VALIDATE, view)

    def __iter__(self) -> Iterator[str]:
        return (path.stem for path in self.folder.stage(VALIDATE).glob("*.parquet"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _batch_input(folder: BatchFolder, scheme: Scheme, batch: Batch, claim_no: str, remark: str) -> BatchInput:
    views = (*scheme.views.statement, scheme.views.provider, *scheme.views.roster, *scheme.views.file)
    return BatchInput(
        batch_id=batch.batch_id,
        kind=batch.kind,
        month=batch.treatment_month,
        claim_no=claim_no,
        claim_class=batch.claim_class,
        claim_date=batch.claim_date,
        group=batch.group,
        tables={view: folder.read(VALIDATE, view) for view in views},
        remark=remark,
        references=read_references(folder, VALIDATE),
        files=folder.root.parent / FILES,
    )


def read_references(folder: BatchFolder, stage: str) -> pa.Table:
    """What the batch's statements refer to at the reviewer (``REFERENCE_COLUMNS``); empty for originals."""
    if not folder.has(stage, REFERENCES):
        return REFERENCE_COLUMNS.empty_table()
    return folder.read(stage, REFERENCES)


def _tables(claim: Assembled, found: pa.Table) -> dict[str, pa.Table]:
    wire = {f"record_{letter.lower()}": table for letter, table in claim.records.items()}
    lines = {} if claim.lines is None else {LINES: claim.lines}
    return {HEADER: claim.header, MEMBERS: claim.members, FINDINGS: found, **lines, **wire}


def _built(folder: BatchFolder, scheme: Scheme, claim_no: str) -> BuiltClaim:
    manifest = folder.manifest(ASSEMBLE) or {"files": []}
    header = folder.read(ASSEMBLE, HEADER).to_pylist()[0]
    return BuiltClaim(
        claim_no=claim_no,
        members=folder.read(ASSEMBLE, MEMBERS),
        header={name: value for name, value in header.items() if isinstance(value, int)},
        files=tuple(
            FileFact(**{**one, "name": one["name"].rsplit("/", 1)[-1]})
            for one in manifest["files"]
            if one["name"].startswith(f"{scheme.files.folder}/")
        ),
        findings=folder.read(ASSEMBLE, FINDINGS),
        lines=folder.read(ASSEMBLE, LINES) if folder.has(ASSEMBLE, LINES) else CLAIM_LINES.empty_table(),
    )
