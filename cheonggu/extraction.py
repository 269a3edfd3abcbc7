"""Extract (추출): which statements are due tonight, in which batch, as Parquet and as rows of the ledger.

A statement is taken when the hospital has reviewed it, its day is closed (진료마감), its month or week is over
and no earlier batch holds it. All batches of a night enter the ledger in one transaction after all their tables
stand on disk, so a crash leaves either all of them or none.

A statement that the ledger has never seen while a claim of its month and kind is at the reviewer already is an omitted
one (누락청구): it goes into a claim of its own. A later slice of an admission (분리청구) waits for the receipt of the
first one and refers to it. Care past the claim limit is never taken.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from cheonggu.batches import EXTRACT, BatchFolder, make_private
from cheonggu.care_month import OMITTED, ORIGINAL, SLICE, Month, Selection
from cheonggu.ledger import Actor, Ledger, NewBatch
from cheonggu.optional_views import OptionalViews
from cheonggu.schemes.scheme import CLASS_NAME, Scheme
from cheonggu.site import AUTOMATIC, Site
from cheonggu.sources import Source
from cheonggu.states import ClaimState
from cheonggu.waivers import Waiver
from cheonggu.waiving import release_blocked

LOG = logging.getLogger(__name__)
# A batch id is its group, a digest and, for a successor, its round.
BATCH_TAIL = re.compile(r"-[0-9a-f]{8}(-r\d+)?$")
NOT_AT_REVIEWER = frozenset(
    {
        ClaimState.OPEN,
        ClaimState.ASSEMBLED,
        ClaimState.CHECKED_OK,
        ClaimState.CHECKED_WARN,
        ClaimState.CHECK_FAILED,
        ClaimState.WITHDRAWN,
        ClaimState.RETURNED,
    }
)


@dataclass(frozen=True)
class Extraction:
    """What one night took: batch ids and statement counts.

    ``waiting`` are due but open at the hospital, or slices whose first one has no receipt yet; ``omitted`` of the
    statements missed their month's claim; ``left`` are omitted ones that a person must ask for; ``too_late`` are past
    the claim limit.
    """

    batch_ids: tuple[str, ...]
    statements: int
    waiting: int
    omitted: int = 0
    left: int = 0
    too_late: int = 0


def choose_nightly(site: Site) -> Selection:
    """Originals and slices; omitted ones only where the site says so."""
    return Selection(frozenset({ORIGINAL, SLICE} | ({OMITTED} if site.omitted == AUTOMATIC else set())))


def extract_due(
    source: Source,
    ledger: Ledger,
    scheme: Scheme,
    site: Site,
    as_of: date,
    actor: Actor,
    waivers: Sequence[Waiver] = (),
    selection: Selection | None = None,
) -> Extraction:
    """Take every due statement of the selection into new batches. Raises ContractError or SiteError from the source.

    Blocked statements whose every error one of ``waivers`` meets come again as they are.
    """
    source.check()
    root = site.batches_folder(scheme.name)
    released = release_blocked(ledger, scheme, waivers, lambda batch_id: BatchFolder(root, batch_id), actor)
    if released:
        LOG.info("%d blocked statements go on, their errors are waived", released)
    past = Counter(BATCH_TAIL.sub("", batch.batch_id) for batch in ledger.batches(scheme.name))
    chosen = selection or choose_nightly(site)
    batches: list[NewBatch] = []
    members: list[pa.Table] = []
    references: list[pa.Table] = []
    counts: Counter[str] = Counter()
    for month in open_months(source, ledger, scheme, site, as_of, chosen):
        counts += month.counts
        for batch, tables, rows in month.batches(past):
            write_extracted(site, scheme, batch, tables)
            batches.append(batch)
            members.append(rows)
            LOG.info("batch %s: %d statements", batch.batch_id, len(rows))
        references.append(month.references)
    if batches:
        ledger.add_batches(batches, pa.concat_tables(members), actor, references=pa.concat_tables(references))
    taken = sum(len(rows) for rows in members)
    return Extraction(
        tuple(sorted(batch.batch_id for batch in batches)),
        taken,
        counts["waiting"],
        sum(
            len(rows)
            for batch, rows in zip(batches, members, strict=True)
            if batch.group.get(CLASS_NAME) == OMITTED
        ),
        counts["left"],
        counts["too_late"],
    )


def open_months(
    source: Source, ledger: Ledger, scheme: Scheme, site: Site, as_of: date, chosen: Selection
) -> Iterable[Month]:
    """Every provider's care month from the site's first one, or the claim limit, to that of ``as_of``."""
    providers = source.read(scheme.views.provider)
    first = max(site.first_care_month, scheme.reruns.claim_from(as_of).strftime("%Y%m"))
    at_reviewer = frozenset(
        BATCH_TAIL.sub("", batch.batch_id)
        for batch in ledger.batches(scheme.name)
        if batch.claim_state is not None and batch.claim_state not in NOT_AT_REVIEWER
    )
    groups = source.groups(first, as_of.strftime("%Y%m"))
    optional = OptionalViews(source, scheme.views.contract, scheme.views.optional)
    for provider_code, care_month in _periods(groups, scheme):
        if chosen.provider_code in (None, provider_code):
            yield Month(
                source,
                ledger,
                scheme,
                provider_code,
                care_month,
                providers,
                as_of,
                chosen,
                at_reviewer,
                site.settings.get(scheme.amounts.settings_key),
                first,
                optional,
            )


def _periods(groups: pa.Table, scheme: Scheme) -> list[tuple[str, str | None]]:
    """What is looked at together: a provider's care month, or all its months (None) when the scheme bundles them."""
    codes = groups["provider_code"].to_pylist()
    if scheme.targets.bundles_months:
        return [(code, None) for code in dict.fromkeys(codes)]
    return list(zip(codes, groups["care_month"].to_pylist(), strict=True))


def write_extracted(site: Site, scheme: Scheme, batch: NewBatch, tables: Mapping[str, pa.Table]) -> None:
    """Write the tables of one new batch, unless a run that was killed has done so."""
    folder = BatchFolder(site.batches_folder(scheme.name), batch.batch_id)
    inputs = {"members": batch.batch_id}
    if not folder.is_done(EXTRACT, inputs):
        if scheme.views.take_files is not None:
            store = make_private(site.files_store(scheme.name))
            tables = {**tables, **scheme.views.take_files(tables, site.source(scheme.name).files, store)}
        folder.write_tables(EXTRACT, tables)
        folder.seal(EXTRACT, inputs)
