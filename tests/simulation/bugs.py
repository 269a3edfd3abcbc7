"""Three builds with one planted bug each, to prove that the simulation would notice. Never part of the product.

They are put in place by replacing methods inside the process of one pass, and only when a run asks for them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from cheonggu import collection
from cheonggu.batches import file_fact
from cheonggu.gateways import Place
from cheonggu.gateways.hira_client import STAGING, HiraClient
from cheonggu.ledger import Claim
from cheonggu.states import ClaimState
from cheonggu.submission import HandOffs, Submitter, name_set

SKIP_INTENT, RESEND_UNKNOWN, IMPORT_FIRST = "skip-intent", "resend-unknown", "import-before-archive"


def plant(name: str | None) -> None:
    """Put one bug into this process; none for None."""
    if name is not None:
        BUGS[name]()


def _place(submitter: Submitter, claim: Claim) -> bool:
    """Put a claim's files into the client's folder, asking nobody; False when somebody else's lie there."""
    folder = submitter._folder(claim.batch_id)
    files = submitter._files(folder)
    token = name_set(claim.provider_code, claim.claim_no)
    if submitter.gateway.look(token, [path.name for path in files]) is not Place.FREE:
        return False
    submitter.gateway.place(token, files)
    return True


def _skip_the_intent() -> None:
    """Place the files first, and write down afterwards that they were to be placed."""
    run = Submitter._run

    def place_first(self: Submitter, scheme: str) -> HandOffs:
        waiting = self.ledger.outbox(scheme)
        if self.ledger.open_submission(self.gateway.name) is None and waiting and _place(self, waiting[0]):
            folder = self._folder(waiting[0].batch_id)
            facts = [file_fact(path, folder) for path in self._files(folder)]
            key = (waiting[0].provider_code, waiting[0].claim_no)
            self.ledger.write_intent(*key, self.gateway.name, facts, self.actor)
        return run(self, scheme)

    Submitter._run = place_first  # type: ignore[method-assign]


def _resend_on_unknown() -> None:
    """A claim of which nobody knows whether it was sent is put into the client's folder once more."""
    run = Submitter._run

    def resend(self: Submitter, scheme: str) -> HandOffs:
        done = run(self, scheme)
        for claim in self.ledger.claims(scheme, states=[ClaimState.SEND_UNKNOWN]):
            if self.ledger.open_submission(self.gateway.name) is not None:
                break
            staged = Path(self.gateway.root) / STAGING / name_set(claim.provider_code, claim.claim_no)  # type: ignore[attr-defined]
            shutil.rmtree(staged, ignore_errors=True)
            if _place(self, claim):
                for _ in range(3):
                    self.sleep(0)
                self.gateway.acknowledge()
        return done

    Submitter._run = resend  # type: ignore[method-assign]


def _import_before_archive() -> None:
    """Take a document in, put it out of the way, and only then keep its bytes."""
    taking, set_aside = collection._Pass, HiraClient.set_aside
    store = taking._store
    late: list[Callable[[], Any]] = []

    def remember(self: Any, digest: str, kind: str, raw: bytes) -> str:
        late.append(partial(store, self, digest, kind, raw))
        return f"{digest[:2]}/{digest}{collection.SUFFIXES[kind]}"

    def archive_late(self: HiraClient, name: str, *, accepted: bool) -> None:
        set_aside(self, name, accepted=accepted)
        while late:
            late.pop()()

    taking._store = remember  # type: ignore[method-assign]
    HiraClient.set_aside = archive_late  # type: ignore[method-assign]


BUGS: dict[str, Callable[[], None]] = {
    SKIP_INTENT: _skip_the_intent,
    RESEND_UNKNOWN: _resend_on_unknown,
    IMPORT_FIRST: _import_before_archive,
}
# What the comparison says of each: anything else would be an accident.
CAUGHT_AS: dict[str, set[str]] = {
    SKIP_INTENT: {"placed-without-intent", "handed-over-without-intent", "unknown-to-the-ledger"},
    RESEND_UNKNOWN: {"handed-over-twice", "sent-twice", "held-twice"},
    IMPORT_FIRST: {"not-archived"},
}
