"""What people decide (결정), from a form or the command line → the ledger. Never retried: a person looks."""

from __future__ import annotations

from datetime import date
from typing import Any

from prefect import task

from cheonggu.decisions import carry_out, edit_remark
from cheonggu.ledger import NewInstruction
from cheonggu.reruns import BackReference, correct_back_reference
from tasks.resources import open_resources
from tasks.settings import STAGE


@task(task_run_name="decide {new.kind}", **STAGE)
def decide(new: NewInstruction) -> dict[str, Any]:
    """Carry out one decision; gives its number, kind and subject."""
    with open_resources(new.scheme, new.person) as here:
        given = carry_out(here.ledger, here.gateway(), new, here.actor)
    return {"instruction_id": given.instruction_id, "kind": given.kind, "subject": given.subject}


@task(task_run_name="remark {new.subject}", **STAGE)
def remark(new: NewInstruction, text: str) -> list[dict[str, Any]]:
    """Keep a remark; gives the remarks used last."""
    with open_resources(new.scheme, new.person) as here:
        edit_remark(here.ledger, new, text, here.actor)
        found: list[dict[str, Any]] = here.ledger.remarks(new.provider_code).to_pylist()
    return found


@task(task_run_name="back reference {statement_key}", **STAGE)
def refer_back(
    scheme: str,
    provider_code: str,
    statement_key: str,
    given: BackReference,
    person: str,
    reason: str,
    as_of: date,
) -> dict[str, Any]:
    """Keep a back reference from a paper notice; gives its number and subject."""
    with open_resources(scheme, person) as here:
        kept = correct_back_reference(
            here.ledger,
            here.scheme,
            provider_code,
            statement_key,
            given,
            person=person,
            reason=reason,
            as_of=as_of,
            actor=here.actor,
        )
    return {"instruction_id": kept.instruction_id, "subject": kept.subject}
