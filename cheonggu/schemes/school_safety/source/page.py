"""``python -m cheonggu.schemes.school_safety.source.page``: write ``docs/school-source-contract.md`` anew."""

from __future__ import annotations

from pathlib import Path

from cheonggu.schemes.school_safety.source import CONTRACT
from cheonggu.sources.base import VIEW_PREFIX
from cheonggu.sources.contract.page import list_columns

PAGE = Path("docs") / "school-source-contract.md"
HEAD = """# Source contract of the school scheme (학교안전공제 원천자료 계약)

Generated from `cheonggu/schemes/school_safety/source/contract.csv`; run
`python -m cheonggu.schemes.school_safety.source.page` after a change.

The system that holds accidents and claims provides one view per table, named `{prefix}<view>`, in any database that
[source-contract.md](source-contract.md) names, under the same rules of types, keys and rights. 🔒 marks
personal columns: they never reach a log, a finding or an event. Papers are files below the folder that the site file
names (`[source.school_safety] files`); `attachment.file_path` is a path below it and `sha256` the hash of its bytes.
"""
NOTES = {
    "association": "association: who receives the claims (학교안전공제회); one package each day and way.",
    "school": "school: who gives notices and writes claims (학교).",
    "pupil": "pupil: insured persons (피공제자), under an opaque key.",
    "accident": "accident: notices (사고통지) and their state. A state that changes gives blocked claims another look.",
    "earlier_line": "earlier_line: lines decided before this installation; what counters and caps start from.",
    "benefit_claim": "benefit_claim: one row per claim (공제급여 청구). Keep past claims in the view.",
    "signature": "signature: who has signed (청구인 서명). A claim the school wrote waits for its row.",
    "receipt": "receipt: receipts of a claim (진료비 계산서·영수증).",
    "item": "item: lines of the itemised statements (진료비 세부산정내역).",
    "scar": "scar: measures of scars (흉터), where a line asks for them.",
    "attachment": "attachment: papers (구비서류) and their files.",
}


def make_page() -> str:
    """The whole page as Markdown."""
    parts = [f"## {NOTES[view]}\n\n{list_columns(CONTRACT, view)}" for view in CONTRACT.views]
    return "\n".join([HEAD.format(prefix=VIEW_PREFIX), "\n\n".join(parts), ""])


if __name__ == "__main__":
    PAGE.write_text(make_page(), encoding="utf-8")
