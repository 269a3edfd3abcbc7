"""Submit (송신): the only path to a gateway. Intent, hand-off, outcome; one claim of a gateway at a time.

1. *Intent*: the ledger notes the claim, its files' hashes and the gateway; from here on the set is under way.
2. *Hand-off*: the gateway places the files. Repeating it after a crash ends in the same files.
3. *Outcome*: the counterpart's answer goes into the ledger and only then is taken away.

A run that starts after a crash finds the open submission first and asks the gateway what became of it. When that
cannot be found out, the claim becomes SEND_UNKNOWN and waits for a person: nothing is ever sent twice by itself.
Files are placed only while the intent is all there is: once they were seen in the folder, the gateway is only asked.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from cheonggu.approval import part_approved
from cheonggu.batches import ASSEMBLE, BatchFolder, FileFact, file_fact
from cheonggu.errors import BusyError, StateError
from cheonggu.gateways import Examined, Gateway, Place
from cheonggu.ledger import Actor, Ledger, Submission

LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.1
# The ledger's words for a submission whose files were not seen placed, and for one nobody knows the end of.
INTENDED, UNKNOWN = "intended", "unknown"
NOT_FREE = "입력 폴더가 비어 있지 않습니다 · the input folder is not free"
TAKEN = "다른 실행이 송신하고 있습니다 · another run is handing off"


@dataclass(frozen=True)
class HandOffs:
    """What one pass did: claims answered fine, refused by the counterpart's check, still waiting, not approved.

    ``why_waiting`` is empty when nothing kept the next claim from being handed off, else a sentence in both languages.
    """

    handed_off: tuple[str, ...]
    refused: tuple[str, ...]
    waiting: tuple[str, ...]
    why_waiting: str
    unapproved: tuple[str, ...] = ()

    def reasons(self) -> list[str]:
        """Why somebody has to look, in Korean; empty when the pass left nothing behind."""
        counted = (
            ("점검에서 거절", self.refused),
            ("송신 대기", self.waiting),
            ("승인 대기", self.unapproved),
        )
        told = [f"{name} {len(claims)}건" for name, claims in counted if claims]
        return [*told, *([self.why_waiting] if self.why_waiting else [])]


class Submitter:
    """Hands the outbox of one scheme to one gateway."""

    def __init__(
        self,
        ledger: Ledger,
        gateway: Gateway,
        batches_root: Path,
        files_folder: str,
        actor: Actor,
        *,
        wait_seconds: float,
        approvals: int = 0,
        once: Collection[str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.ledger, self.gateway, self.actor = ledger, gateway, actor
        self.batches_root, self.files_folder = batches_root, files_folder
        self.wait_seconds, self.approvals, self.sleep = wait_seconds, approvals, sleep
        self.once = once

    def run(self, scheme: str) -> HandOffs:
        """Finish what an earlier run began, then hand off claim by claim until one has to wait.

        Two runs at once would both look at a free folder: the second one leaves everything to the first.
        """
        try:
            with self.ledger.exclusive(f"submit-{self.gateway.name}"):
                return self._run(scheme)
        except BusyError:
            outbox = self.ledger.outbox(scheme)
            return HandOffs((), (), tuple(claim.claim_no for claim in outbox), TAKEN)

    def _run(self, scheme: str) -> HandOffs:
        handed_off: list[str] = []
        refused: list[str] = []
        self._clear_recorded_answer(scheme)
        why = self._finish_open(handed_off, refused)
        while not why:
            ready, _ = part_approved(self.ledger, self.ledger.outbox(scheme), self.approvals)
            if not ready:
                break
            claim = ready[0]
            folder = self._folder(claim.batch_id)
            files = self._files(folder)
            facts = [file_fact(path, folder) for path in files]
            self._must_be_frozen(claim.batch_id, facts)
            token = name_set(claim.provider_code, claim.claim_no)
            if self.gateway.look(token, [fact.name for fact in facts]) is not Place.FREE:
                why = NOT_FREE
                break
            self.ledger.write_intent(
                claim.provider_code, claim.claim_no, self.gateway.name, facts, self.actor, once=self.once
            )
            why = self._finish_open(handed_off, refused)
        ready, unapproved = part_approved(self.ledger, self.ledger.outbox(scheme), self.approvals)
        return HandOffs(
            tuple(handed_off),
            tuple(refused),
            tuple(claim.claim_no for claim in ready),
            why,
            tuple(claim.claim_no for claim in unapproved),
        )

    def _finish_open(self, handed_off: list[str], refused: list[str]) -> str:
        """Bring the open submission to its outcome; a non-empty answer says why the rest has to wait."""
        submission = self.ledger.open_submission(self.gateway.name)
        if submission is None:
            return ""
        if submission.state == UNKNOWN and self.gateway.examined() is None:
            return (
                f"청구서 {submission.claim_no}의 송신 여부를 사람이 확인해야 합니다 · "
                f"a person must find out what became of claim {submission.claim_no}"
            )
        if submission.state == INTENDED and not self._place(submission):
            return NOT_FREE
        deadline = time.monotonic() + self.wait_seconds
        while (answer := self._answer_to(submission)) is None:
            if time.monotonic() >= deadline:
                return (
                    f"청구서 {submission.claim_no}의 점검 결과가 아직 없습니다 · "
                    f"claim {submission.claim_no} is not examined yet"
                )
            self.sleep(POLL_SECONDS)
        self.ledger.record_examined(submission.id, answer.document_id, answer.status, self.actor)
        self.gateway.acknowledge()
        LOG.info("claim %s: document %s, status %d", submission.claim_no, answer.document_id, answer.status)
        (handed_off if answer.status >= 0 else refused).append(submission.claim_no)
        return ""

    def _clear_recorded_answer(self, scheme: str) -> None:
        """Take away an answer that was recorded just before a crash kept it from being acknowledged."""
        if self.ledger.open_submission(self.gateway.name) is not None:
            return
        answer = self.gateway.examined()
        if answer and answer.document_id in {claim.document_id for claim in self.ledger.claims(scheme)}:
            self.gateway.acknowledge()

    def _answer_to(self, submission: Submission) -> Examined | None:
        """The counterpart's answer. One that bears another claim's document id is old and only taken away."""
        answer = self.gateway.examined()
        if answer is None or answer.document_id not in self._known_documents(submission):
            return answer
        LOG.warning("document %s was recorded before; its answer is taken away", answer.document_id)
        self.gateway.acknowledge()
        return None

    def _known_documents(self, submission: Submission) -> set[str]:
        """Document ids that belong to other claims."""
        mine = (submission.provider_code, submission.claim_no)
        claims = self.ledger.claims(submission.scheme)
        return {
            one.document_id for one in claims if one.document_id and (one.provider_code, one.claim_no) != mine
        }

    def _place(self, submission: Submission) -> bool:
        """Put the intended files there, or find that they are; False while somebody else's lie in the folder."""
        claim = self.ledger.claim(submission.provider_code, submission.claim_no)
        folder = self._folder(claim.batch_id)
        files = self._files(folder)
        self._must_be_intended(claim.batch_id, [file_fact(path, folder) for path in files], submission)
        token = name_set(claim.provider_code, claim.claim_no)
        if self.gateway.look(token, [path.name for path in files]) is Place.FOREIGN:
            return False
        self.gateway.place(token, files)
        self.ledger.mark_placed(submission.id, self.actor)
        return True

    def _folder(self, batch_id: str) -> Path:
        return BatchFolder(self.batches_root, batch_id).stage(ASSEMBLE) / self.files_folder

    def _files(self, folder: Path) -> list[Path]:
        """The files as they lie there; none where the folder is gone, which is a change after the check."""
        return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []

    def _must_be_frozen(self, batch_id: str, facts: list[FileFact]) -> None:
        """The files must still be the ones that were assembled and checked."""
        manifest = BatchFolder(self.batches_root, batch_id).manifest(ASSEMBLE) or {"files": []}
        frozen = {one["name"].rsplit("/", 1)[-1]: one["sha256"] for one in manifest["files"]}
        changed = [fact.name for fact in facts if frozen.get(fact.name) != fact.sha256]
        if changed or not facts:
            raise _changed(batch_id, changed)

    def _must_be_intended(self, batch_id: str, facts: list[FileFact], submission: Submission) -> None:
        """What an earlier run intended is placed by this one, and nothing else."""
        intended = {one.name: one.sha256 for one in submission.files}
        found = {fact.name: fact.sha256 for fact in facts}
        changed = [name for name in sorted({*intended, *found}) if intended.get(name) != found.get(name)]
        if changed:
            raise _changed(batch_id, changed)


def _changed(batch_id: str, names: list[str]) -> StateError:
    return StateError(
        f"Batch {batch_id}: {', '.join(names) or 'no files'} changed after the check.",
        f"배치 {batch_id}: 점검 후 파일이 바뀌었습니다({', '.join(names) or '파일 없음'}).",
        fix_en="Withdraw the claim; it will be assembled anew.",
        fix_ko="청구를 취하하면 새로 작성합니다.",
    )


def name_set(provider_code: str, claim_no: str) -> str:
    """Names a claim's set on the way, unique for ever because claim numbers are never used again."""
    return f"{provider_code}-{claim_no}"
