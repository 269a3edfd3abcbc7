"""Signature requests (서명요청): claims that wait for a person outside are told so, and reminded."""

from __future__ import annotations

from datetime import date

from prefect import task

from cheonggu.gateways.messages import open_notifier
from cheonggu.reminding import Requests, send_requests
from tasks.resources import open_resources
from tasks.settings import STAGE


@task(task_run_name="notify {scheme}", **STAGE)
def notify(scheme: str, as_of: date) -> Requests:
    """Send what is due; nothing where the site has no way to send or the scheme nothing to sign."""
    with open_resources(scheme) as here:
        notifier = open_notifier(here.site.notify)
        if notifier is None or here.scheme.signatures is None:
            return Requests(0, 0, ())
        with here.source() as source:
            return send_requests(source, here.ledger, here.scheme, notifier, as_of, here.actor)
