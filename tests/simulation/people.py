"""The people around the pipeline: the operator of HIRA's client, and those who decide what only people may decide.

They act late, but truthfully: before anybody says sent or unsent, they look into the client's outbox.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

from cheonggu.decisions import carry_out
from cheonggu.errors import StateError
from cheonggu.gateways.hira_client import INPUT, HiraClient
from cheonggu.gateways.simulator import HiraSimulator
from cheonggu.ledger import Actor, Claim, Ledger, NewInstruction
from cheonggu.ledger.decisions import DecisionKind
from cheonggu.states import ClaimState
from tests.simulation.hospital import Hospital

PERSON = Actor("operator", None)
SCHEME = "hira"


@dataclass
class People:
    """``haste`` is the share of open things that people get done in one day."""

    dice: random.Random
    haste: float

    def gets_to_it(self) -> bool:
        return self.dice.random() < self.haste

    def use_the_client(self, simulator: HiraSimulator) -> None:
        """Log in and send, or delete from the outbox, some of what waits there."""
        for one in simulator.books.rows("SELECT * FROM document WHERE outbox = 'waiting' ORDER BY rowid"):
            if not self.gets_to_it():
                continue
            if self.dice.random() < 0.06:
                simulator.delete(one["document_id"])
            else:
                simulator.send(one["document_id"])

    def decide(self, ledger: Ledger, simulator: HiraSimulator) -> None:
        """Unknown sendings, claims that the client refused, and deleted documents."""
        for claim in ledger.claims(SCHEME):
            if claim.state == ClaimState.SEND_UNKNOWN and self.dice.random() < self.haste**2:
                self._find_out(ledger, simulator, claim)
            elif claim.state == ClaimState.HANDED_OFF and self._outbox(simulator, claim) == "deleted":
                if self.gets_to_it():
                    ledger.withdraw_claim(claim.provider_code, claim.claim_no, "deleted unsent", PERSON)
            elif claim.state == ClaimState.HANDED_OFF and self._outbox(simulator, claim) == "sent":
                if self.dice.random() < self.haste / 4:
                    ledger.mark_sent(claim.provider_code, claim.claim_no, PERSON)
            elif claim.state == ClaimState.CHECK_FAILED and claim.document_id and self.gets_to_it():
                ledger.withdraw_claim(claim.provider_code, claim.claim_no, "refused by the client", PERSON)

    def _find_out(self, ledger: Ledger, simulator: HiraSimulator, claim: Claim) -> None:
        outbox = self._outbox(simulator, claim)
        if outbox == "sent":
            ledger.mark_sent(claim.provider_code, claim.claim_no, PERSON)
        elif outbox in ("deleted", "refused"):
            ledger.withdraw_claim(claim.provider_code, claim.claim_no, "unsent", PERSON)
        elif outbox == "waiting" and self.dice.random() < 0.5:
            simulator.send(self._document(simulator, claim))
        elif outbox == "waiting":
            simulator.delete(self._document(simulator, claim))
            ledger.withdraw_claim(claim.provider_code, claim.claim_no, "deleted unsent", PERSON)
        elif self.dice.random() < 0.5:  # the client never took it: somebody starts the client
            simulator.examine()
        else:
            self._take_out(ledger, simulator, claim)

    def _take_out(self, ledger: Ledger, simulator: HiraSimulator, claim: Claim) -> None:
        """A set that lies untouched in the input folder is called unsent; the product wants it removed first."""
        gateway = HiraClient(str(simulator.folder))
        unsent = NewInstruction(
            SCHEME, DecisionKind.NOT_SENT, claim.provider_code, claim.claim_no, "kim01", "left in the folder"
        )
        try:
            carry_out(ledger, gateway, unsent, PERSON)
        except StateError:
            for file in ledger.claim_files(claim.provider_code, claim.claim_no):
                (simulator.folder / INPUT / file.name).unlink(missing_ok=True)
            carry_out(ledger, gateway, unsent, PERSON)
        else:
            raise AssertionError(f"{claim.claim_no} was called unsent while its files lay there")

    def _outbox(self, simulator: HiraSimulator, claim: Claim) -> str | None:
        query = "SELECT outbox FROM document WHERE provider_code = ? AND claim_no = ?"
        found: str | None = simulator.books.value(query, claim.provider_code, claim.claim_no)
        return found

    def _document(self, simulator: HiraSimulator, claim: Claim) -> str:
        query = "SELECT document_id FROM document WHERE provider_code = ? AND claim_no = ?"
        return str(simulator.books.value(query, claim.provider_code, claim.claim_no))

    def mend(
        self, ledger: Ledger, hospital: Hospital, day: date, returned: list[str], followed: dict[str, str]
    ) -> None:
        """Correct some blocked statements in the hospital's records; look again at returned ones.

        ``followed``: key of a supplement or addition → the hospital's own; such a record was sound when it was sent.
        """
        blocked = [key for key in ledger.statement_keys(SCHEME, "BLOCKED") if self.gets_to_it()]
        hospital.mend([key for key in blocked if key not in followed], day)
        hospital.correct([followed[key] for key in blocked if key in followed], day)
        hospital.review_again([key for key in returned if self.gets_to_it()], day)
