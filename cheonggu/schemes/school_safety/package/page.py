"""Readable pages of a package: the claim form of every claim (공제급여 청구서) and the cover list for registered mail.

Self-contained HTML in Korean, printable on A4. The form follows the items of the statutory form (별지 제1호서식),
whose exact layout could not be reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa

from cheonggu.schemes.school_safety.package.fields import CLAIM, ROOT, parts
from cheonggu.schemes.school_safety.package.papers import document_names
from cheonggu.schemes.school_safety.source import CONTRACT

HERE = Path(__file__).parent
# Code of the XML → column of the source contract whose codes carry the Korean words.
WORDS = {
    "claimant_role": ("benefit_claim", "claimant_role"),
    "victim_role": ("pupil", "victim_role"),
    "claim_stage": ("benefit_claim", "claim_stage"),
    "benefit_kind": ("benefit_claim", "benefit_kind"),
    "channel": ("benefit_claim", "channel"),
    "receipt_kind": ("receipt", "receipt_kind"),
    "nhi_class": ("item", "nhi_class"),
}


def render_claims(tables: Mapping[str, pa.Table]) -> str:
    """The claim form of every claim, one printed page and more each."""
    return _template("page.html.jinja").render(**_model(tables), papers=document_names())


def render_cover(tables: Mapping[str, pa.Table], association: Mapping[str, Any]) -> str:
    """The list that lies on top of a registered letter; it names no pupil."""
    return _template("cover.html.jinja").render(**_model(tables), association=association)


def _model(tables: Mapping[str, pa.Table]) -> dict[str, Any]:
    claims = tables[CLAIM].to_pylist()
    for part in parts():
        rows: dict[str, list[dict[str, Any]]] = {claim["statement_no"]: [] for claim in claims}
        for row in tables[part].to_pylist():
            rows[row["statement_no"]].append(row)
        for claim in claims:
            claim[f"{part}_rows"] = rows[claim["statement_no"]]
    return {
        "package": tables[ROOT].to_pylist()[0],
        "claims": claims,
        "words": {name: CONTRACT.column(*place).code_values for name, place in WORDS.items()},
        "won": lambda amount: f"{amount:,}",
        "css": (HERE / "page.css").read_text(encoding="utf-8"),
    }


@cache
def _template(name: str) -> jinja2.Template:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
    ).get_template(name)
