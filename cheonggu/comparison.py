"""The ledger's side of the comparison with a simulated counterpart's books."""

from __future__ import annotations

from cheonggu.gateways.simulator_audit import OurClaim, Ours, OurStatement
from cheonggu.ledger import Ledger


def read_ours(ledger: Ledger, scheme: str) -> Ours:
    """What the ledger believes, in the rows that the counterpart compares with its own."""
    belief = ledger.belief(scheme)
    return Ours(
        claims=[OurClaim(**row) for row in belief["claims"]],
        statements=[OurStatement(**row) for row in belief["statements"]],
        imported={row["document_no"] for row in belief["imported"]},
        stopped={(row["document_no"], row["claim_no"]) for row in belief["stopped"]},
        settled={
            (row["provider_code"], row["claim_no"], row["statement_no"]): int(row["won"])
            for row in belief["settled"]
        },
        paid={(row["provider_code"], row["claim_no"]): int(row["won"]) for row in belief["paid"]},
    )
