"""The simulated school-safety association and the person who enters packages in its portal, on the upload folder.

A program of its own: it reads packages with its own reader, keeps its own books under ``association`` and knows
nothing of the ledger or of assembly. It may be killed at any instruction; the next start goes on from books and
folders. Every package is answered by a plan drawn from the seed: receipt, requests for papers, extensions of the
14 days, decisions per line, payments.
"""

from __future__ import annotations

import random
import time
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cheonggu.errors import UsageError
from cheonggu.gateways.association_books import Books
from cheonggu.gateways.association_notices import paid_lines, write_notice
from cheonggu.gateways.association_reader import NOT_CLAIMED, ReadClaim, ReadPackage, read_package

SEOUL = ZoneInfo("Asia/Seoul")
UPLOAD, OUTPUT, HOME = "upload", "out", "association"
RESULT = "UploadResult.txt"
POLL_SECONDS = 0.1
DAY_SECONDS = 0.15  # how long a day of the association lasts in a watch on a given day
RATES = {"paid": 70, "partial": 12, "refused": 6, "supplement": 7, "extended": 5}
# Days after the package came in; an extended claim is decided in the second period.
RECEIPT_DAY, SUPPLEMENT_DAY, EXTENSION_DAY, DECISION_DAY, LATE_DECISION_DAY, PAYMENT_DAYS = 1, 4, 9, 7, 20, 3


class Association:
    """One upload folder. ``today`` None means the real day in Seoul. ``script``: TOML with rates and outcomes.

    ``[rates]`` weigh paid, partial, refused, supplement, extended; ``[outcomes]`` name one for an accident number;
    ``return_packages = true`` sends every package back.
    """

    def __init__(
        self, folder: Path, *, script: str | None = None, seed: int | None = None, today: date | None = None
    ) -> None:
        self.folder, self._today = folder, today
        for part in (UPLOAD, OUTPUT):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self.books = Books(folder / HOME)
        with self.books.changing():
            if script is not None:
                _read_script(script)
                self.books.keep_setting("script", script)
            if seed is not None or self.books.setting("seed") is None:
                self.books.keep_setting("seed", str(seed or 0))
        self.script = _read_script(self.books.setting("script") or "")
        self.shift = int(self.books.setting("days") or 0)

    def __enter__(self) -> Association:
        return self

    def __exit__(self, *_: object) -> None:
        self.books.close()

    @property
    def today(self) -> date:
        """The association's day: the given one and the days that passed in a watch."""
        return (self._today or datetime.now(SEOUL).date()) + timedelta(days=self.shift)

    def step(self) -> int:
        """Enter what lies in the upload folder, then say what is due; gives how many things were done."""
        return self.enter() + self.answer()

    def watch(self, *, seconds: float | None = None, poll: float = POLL_SECONDS) -> int:
        """Steps in a loop; on a given ``today`` a day passes whenever nothing else is to be done."""
        begun = last = time.monotonic()
        total = 0
        while seconds is None or time.monotonic() - begun < seconds:
            done = self.step()
            total += done
            now = time.monotonic()
            if done:
                last = now
            elif self._today is not None and now - last >= DAY_SECONDS and self._is_waiting():
                self.pass_days(1)
                last = now
            time.sleep(poll)
        return total

    def pass_days(self, days: int) -> None:
        """Let the association's days go by."""
        self.shift += days
        with self.books.changing():
            self.books.keep_setting("days", str(self.shift))

    def enter(self) -> int:
        """The operator enters every package that lies there and was not entered before, one answer at a time."""
        result = self.folder / UPLOAD / RESULT
        if result.exists():
            return 0
        for place in sorted(one for one in (self.folder / UPLOAD).iterdir() if one.is_dir()):
            known = self.books.rows("SELECT * FROM package WHERE token = ?", place.name)
            if not known:
                package = read_package(place)
                with self.books.changing():
                    self._keep(place.name, package)
                known = self.books.rows("SELECT * FROM package WHERE token = ?", place.name)
            part = result.with_name(f".{RESULT}.part")
            part.write_text(f"{known[0]['document_id']}\r\n{known[0]['status']}\r\n", encoding="ascii")
            part.replace(result)
            return 1
        return 0

    def answer(self, kind: str | None = None) -> int:
        """Write the notices that are due today, or all planned ones of one kind; gives how many."""
        today = self.today.isoformat()
        due = self.books.rows(
            """SELECT DISTINCT token, kind, due_on FROM plan WHERE NOT is_done AND (due_on <= ? OR kind = ?)
            ORDER BY due_on, token, kind""",
            today,
            kind or "",
        )
        for one in due if kind is None else [row for row in due if row["kind"] == kind]:
            self._say(one["token"], one["kind"], date.fromisoformat(one["due_on"]))
        return len(due)

    def status(self) -> dict[str, Any]:
        """The books as plain values: packages, claims by outcome, won, complaints."""
        return {
            "today": self.today.isoformat(),
            "packages": [dict(row) for row in self.books.rows("SELECT * FROM package ORDER BY token")],
            "claims": [
                dict(row) for row in self.books.rows("SELECT * FROM claim ORDER BY token, statement_no")
            ],
            "problems": [dict(row) for row in self.books.rows("SELECT * FROM problem")],
            "complaints": [dict(row) for row in self.books.rows("SELECT * FROM complaint")],
            "planned": self.books.value("SELECT count(*) FROM plan WHERE NOT is_done"),
        }

    def _is_waiting(self) -> bool:
        return bool(self.books.value("SELECT count(*) FROM plan WHERE NOT is_done"))

    def _keep(self, token: str, package: ReadPackage) -> None:
        """Write down what came, and plan the answers."""
        count = self.books.value("SELECT count(*) FROM package") + 1
        is_returned = bool(self.script.get("return_packages", False))
        self.books.insert(
            "package",
            token=token,
            document_id=f"UP{count:08d}",
            status=-1 if package.problems else 0,
            provider_code=package.provider_code,
            claim_no=package.claim_no,
            claim_class=package.claim_class,
            claim_count=len(package.claims),
            claimed_won=package.claimed_won,
            came_on=self.today.isoformat(),
            receipt_no=None if is_returned else f"{count:07d}",
            is_returned=is_returned,
        )
        for text in package.problems:
            self.books.insert("problem", token=token, text=text)
        if package.problems:
            return
        self._plan(token, "", "receipt", RECEIPT_DAY)
        for claim in package.claims:
            self._keep_claim(token, claim, is_returned)

    def _keep_claim(self, token: str, claim: ReadClaim, is_returned: bool) -> None:
        drawn = self._draw(claim)
        outcome = "paid" if drawn == "extended" else drawn
        if outcome == "partial" and sum(line.nhi_class != NOT_CLAIMED for line in claim.lines) < 2:
            outcome = "refused"  # one line is paid or not
        where = {"token": token, "statement_no": claim.statement_no}
        self.books.insert(
            "claim", **where, accident_no=claim.accident_no, claimed_won=claim.claimed_won, outcome=outcome
        )
        for line in claim.lines:
            claimed = line.nhi_class != NOT_CLAIMED
            self.books.insert("line", **where, item_no=line.item_no, is_claimed=claimed, won=line.won)
        if is_returned:
            return
        self._complain(token, claim)
        row = self._claims(token, claim.statement_no)[0]
        decided = 0 if outcome == "supplement" else sum(paid for _, paid in paid_lines(self.books, row))
        self.books.change(
            "UPDATE claim SET decided_won = ? WHERE token = ? AND statement_no = ?",
            decided,
            token,
            claim.statement_no,
        )
        if outcome == "supplement":
            self._plan(token, claim.statement_no, "supplement", SUPPLEMENT_DAY)
            return
        day = LATE_DECISION_DAY if drawn == "extended" else DECISION_DAY
        if drawn == "extended":
            self._plan(token, claim.statement_no, "extension", EXTENSION_DAY)
        self._plan(token, claim.statement_no, "decision", day)
        if decided:
            self._plan(token, claim.statement_no, "payment", day + PAYMENT_DAYS)

    def _complain(self, token: str, claim: ReadClaim) -> None:
        """The same receipt in a claim that is not the answer to a request for papers was sent twice."""
        for key in claim.receipts:
            before = self.books.value(
                """SELECT count(*) FROM receipt JOIN claim USING (token, statement_no)
                WHERE receipt_key = ? AND receipt.accident_no = ? AND outcome <> 'supplement'""",
                key,
                claim.accident_no,
            )
            if before:
                self.books.insert(
                    "complaint", said="claimed before", token=token, statement_no=claim.statement_no
                )
            self.books.insert(
                "receipt",
                receipt_key=key,
                accident_no=claim.accident_no,
                token=token,
                statement_no=claim.statement_no,
            )

    def _draw(self, claim: ReadClaim) -> str:
        """The outcome of a claim: from the script, else by chance that depends on seed and claim alone."""
        named: str | None = self.script.get("outcomes", {}).get(claim.accident_no)
        if named is not None:
            return named
        if claim.original_receipt_no:  # the papers that were asked for have come
            return "paid"
        rates = {**RATES, **self.script.get("rates", {})}
        chance = random.Random(f"{self.books.setting('seed')}/{claim.accident_no}/{'/'.join(claim.receipts)}")
        return str(chance.choices(list(rates), list(rates.values()))[0])

    def _plan(self, token: str, statement_no: str, kind: str, days: int) -> None:
        due = (self.today + timedelta(days=days)).isoformat()
        self.books.insert("plan", token=token, statement_no=statement_no, kind=kind, due_on=due)

    def _note_round(self, package: Any, numbers: list[Any]) -> None:
        """Remember in which round a claim was decided: it is paid under it."""
        for one in numbers:
            self.books.change(
                "UPDATE claim SET round = ? WHERE token = ? AND statement_no = ?",
                f"{package['rounds']:02d}",
                package["token"],
                one["statement_no"],
            )

    def _claims(self, token: str, statement_no: str | None = None) -> list[Any]:
        query = "SELECT * FROM claim WHERE token = ?"
        if statement_no is None:
            return self.books.rows(query, token)
        return self.books.rows(f"{query} AND statement_no = ?", token, statement_no)

    def _say(self, token: str, kind: str, on: date) -> None:
        """Write one notice about everything of that kind that is due for a package on that day."""
        with self.books.changing():
            if kind in ("supplement", "extension", "decision"):
                self.books.change("UPDATE package SET rounds = rounds + 1 WHERE token = ?", token)
            package = self.books.rows("SELECT * FROM package WHERE token = ?", token)[0]
            numbers = self.books.rows(
                "SELECT statement_no FROM plan WHERE token = ? AND kind = ? AND due_on = ? AND NOT is_done",
                token,
                kind,
                on.isoformat(),
            )
            if kind == "decision":
                self._note_round(package, numbers)
            claims = [self._claims(token, one["statement_no"])[0] for one in numbers if one["statement_no"]]
            number = self.books.value("SELECT count(*) FROM notice") + 1
            raw = write_notice(number, kind, package, claims, self.books, on)
            self.books.insert("notice", number=number, document_no=f"SA{number:08d}", kind=kind)
            self.books.change(
                "UPDATE plan SET is_done = 1 WHERE token = ? AND kind = ? AND due_on = ?",
                token,
                kind,
                on.isoformat(),
            )
            # Written inside the transaction: after a crash the same notice is written again under the same name.
            name = self.folder / OUTPUT / f"SA{number:08d}.xml"
            part = name.with_name(f".{name.name}.part")
            part.write_bytes(raw)
            part.replace(name)


def _read_script(text: str) -> Mapping[str, Any]:
    """The script's values; UsageError for unknown words."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The script is not TOML: {error}.", "스크립트 형식이 틀렸습니다.") from error
    words = {*found.get("rates", {}), *found.get("outcomes", {}).values()}
    unknown = sorted((set(found) - {"rates", "outcomes", "return_packages"}) | (words - set(RATES)))
    if unknown:
        raise UsageError(
            f"The script knows no {unknown[0]!r}; outcomes are {', '.join(RATES)}.",
            f"스크립트의 {unknown[0]!r}은(는) 모르는 값입니다. 사용 가능: {', '.join(RATES)}.",
        )
    return found
