"""Reruns (재청구): what may go to the reviewer once more, in which class, what changed, and why the rest waits."""

from cheonggu.reruns.history import read_history
from cheonggu.reruns.model import Change, LeftOut, Plan, Planned, Request
from cheonggu.reruns.plan import Started, plan_rerun, start_rerun
from cheonggu.reruns.typed import BackReference, correct_back_reference

__all__ = [
    "BackReference",
    "Change",
    "LeftOut",
    "Plan",
    "Planned",
    "Request",
    "Started",
    "correct_back_reference",
    "plan_rerun",
    "read_history",
    "start_rerun",
]
