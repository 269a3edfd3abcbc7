"""What follows one record at the reviewer: supplements, additions and their supplements, and what each stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cheonggu.states import StatementState

SUPPLEMENT, ADDITION = "supplement", "addition"
GIVEN_UP = (StatementState.WRITTEN_OFF, StatementState.CANCELLED)
UNWRITTEN = (StatementState.BILLABLE, StatementState.READY)


class Family:
    """The followers of one provider (``model.CHILDREN`` of the ledger), by parent."""

    def __init__(self, children: Sequence[dict[str, Any]]) -> None:
        self.children = children
        self.own = {one["statement_key"]: one for one in children}

    def find_unwritten_beside(self, parent: Mapping[str, Any]) -> str | None:
        """Another follower of the same record that is started and in no claim yet: what it carries is not settled."""
        for one in self.children:
            is_beside = one["source_key"] == parent["source_key"] and one["relation"] in (
                SUPPLEMENT,
                ADDITION,
            )
            is_unwritten = one["state"] in UNWRITTEN and one["batch_id"] is not None
            if is_beside and is_unwritten and one["parent_key"] != parent["statement_key"]:
                return str(one["statement_key"])
        return None

    def followers(self, parent_key: str, relation: str) -> list[dict[str, Any]]:
        """What follows the parent in one relation."""
        return [
            one for one in self.children if one["parent_key"] == parent_key and one["relation"] == relation
        ]

    def find_added_to(self, key: str) -> str | None:
        """The statement that an addition (or a supplement of one) adds to; None for whole statements."""
        while key in self.own:
            one = self.own[key]
            if one["relation"] == ADDITION:
                return str(one["parent_key"])
            if one["relation"] != SUPPLEMENT:
                return None
            key = one["parent_key"]
        return None

    def find_added(self, parent_key: str, but: str = "", *, is_named: bool = False) -> list[dict[str, Any]]:
        """The additions to a statement as they were sent last: a supplement in place of the one it stands for.

        ``but``: an addition, or a supplement of one, that is left out with all that follows it. What was given up
        counts as sent: nobody wants it to come again by itself. ``is_named``: a person names the record, and then what
        was given up without being in a claim is free again. What was set aside or came back is nowhere.
        """
        chain = set(self.find_chain(but))
        return [
            self._newest(one)
            for one in self.children
            if one["parent_key"] == parent_key
            and one["relation"] == ADDITION
            and one["statement_key"] not in chain
            and not is_free(one)
            and not (is_named and is_unsent(one))
        ]

    def find_chain(self, key: str) -> list[str]:
        """A statement and all that it stands for or adds to, the first of them last; a slice stands for itself."""
        chain = [key]
        while key in self.own and self.own[key]["relation"] in (SUPPLEMENT, ADDITION):
            key = self.own[key]["parent_key"]
            chain.append(key)
        return chain

    def _newest(self, one: dict[str, Any]) -> dict[str, Any]:
        """Also a supplement on its way: what it carries is not free for another claim."""
        following = [
            other
            for other in self.children
            if other["parent_key"] == one["statement_key"]
            and other["relation"] == SUPPLEMENT
            and other["state"] not in GIVEN_UP
            and not is_free(other)
        ]
        return self._newest(following[-1]) if following else one


def is_unsent(follower: Mapping[str, Any]) -> bool:
    """Whether a follower was given up while no claim held it."""
    return follower["state"] in GIVEN_UP and follower["claim_no"] is None


def is_free(follower: Mapping[str, Any]) -> bool:
    """Whether a follower waits for a batch: blocked, waived, or back from a withdrawn or returned claim."""
    waits = (StatementState.READY, StatementState.BILLABLE)
    return follower["state"] == StatementState.BLOCKED or (
        follower["state"] in waits and follower["batch_id"] is None
    )
