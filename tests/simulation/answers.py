"""How HIRA answers in one seed: a script of rates drawn from the seed's dice."""

from __future__ import annotations

import random

# Outcome → the highest share of claims (or statements) that a seed may draw.
RATES = {
    "adjusted": 0.25,
    "impossible": 0.2,
    "held": 0.15,
    "complete": 1.0,
    "examine-warning": 0.2,
    "examine-refusal": 0.08,
    "return": 0.15,
    "late-return": 0.1,
    "partial-receipt": 0.06,
    "receipt-lost": 0.2,
    "result-before-receipt": 0.25,
    "nothing-changed": 0.2,
    "settlement-refund": 0.2,
    "settlement-recovery": 0.2,
    "outside-prescription": 0.1,
    "supplement-request": 0.2,
    "payment": 0.8,
    "advance-payment": 0.2,
    "part-payment": 0.2,
    "duplicate-delivery": 0.4,
    "conflicting-document": 0.15,
    "other-provider": 0.15,
    "unknown-statement": 0.15,
    "broken-notice": 0.15,
    "zipped": 0.2,
    "unknown-form": 0.15,
}
TIMING = {
    "receipt_after_days": 4,
    "review_after_days": 9,
    "second_round_after_days": 14,
    "settlement_after_days": 20,
    "prescription_after_days": 20,
    "supplement_request_after_days": 8,
    "advance_after_days": 3,
    "payment_after_days": 14,
    "late_return_after_days": 5,
}


def write_script(dice: random.Random) -> str:
    """A simulator script (TOML)."""
    rates = [f"{name} = {dice.random() * most:.3f}" for name, most in RATES.items()]
    timing = [f"{name} = {dice.randint(0, most)}" for name, most in TIMING.items()]
    return "\n".join(["[rates]", *rates, "[timing]", *timing, ""])
