"""The last look before the hand-off: does a checked claim still stand under today's waivers?

A claim may wait for days between its check and the hand-off, and a waiver (점검제외) may end meanwhile. Rules that ask
``open_finding`` (XST-014) are therefore asked here, over what the check found, and not in the check itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from cheonggu import findings
from cheonggu.batches import PRECHECK, BatchFolder
from cheonggu.checking import FINDINGS, places_of
from cheonggu.ledger import Batch
from cheonggu.precheck import Catalogue, Checker, claim_row
from cheonggu.schemes.scheme import Scheme
from cheonggu.waivers import Waiver
from cheonggu.waiving import apply_waivers

OPEN_FINDING = "open_finding"


def asked_last(catalogue: Catalogue) -> frozenset[str]:
    """Ids of the rules that ask nothing but ``open_finding``."""
    return frozenset(one.id for one in catalogue.rules if set(one.requires) == {OPEN_FINDING})


def look_again(
    folder: BatchFolder,
    scheme: Scheme,
    batch: Batch,
    checker: Checker,
    as_of: date,
    waivers: Sequence[Waiver],
) -> pa.Table:
    """Findings of the rules of :func:`asked_last` over a checked claim, marked where a waiver meets them."""
    places = places_of(folder, scheme, batch)
    found = apply_waivers(folder.read(PRECHECK, FINDINGS), waivers, places, batch.provider_code)
    standing = pa.table(
        {
            "rule_id": found["rule_id"],
            "level": found["level"],
            "is_waived": pc.is_valid(found["waiver_id"]),
        }
    )
    tables = {"claim": claim_row(kind=batch.kind), OPEN_FINDING: standing}
    result = checker.check(tables, on=as_of, only=asked_last(checker.catalogue))
    return apply_waivers(result.findings, waivers, places, batch.provider_code)


def must_wait(found: pa.Table) -> bool:
    """Whether what :func:`look_again` found keeps the claim from the hand-off."""
    return len(findings.errors_only(found)) > 0
