"""The claim as one HTML page like the paper form (청구서·명세서): XSLT over the claim XML plus Korean labels.

The page is self-contained (style inside, nothing fetched) and deterministic. Resident numbers are always masked
behind the first digit of the serial part (900101-1******); names and card numbers are masked unless the caller
asks for them in full.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree

from cheonggu.codes import CodeLists
from cheonggu.formats.claim_xml_files import write_whole
from cheonggu.formats.claim_xml_labels import labels, printed_form
from cheonggu.formats.claim_xml_model import (
    GENERAL,
    STATEMENT,
    STATEMENT_NO,
    SUMMARY,
    ClaimShape,
    claim_shape,
    scheme_folder,
)
from cheonggu.formats.claim_xml_slices import Slice, claim_slices, parse_slice
from cheonggu.formats.claim_xml_write import claim_bytes
from cheonggu.layouts import LayoutCatalogue

MOST_STATEMENTS = 200
STATEMENT_NUMBERS = re.compile(rb"<statement\s+statement_no\s*=\s*[\"']([^\"']*)")
# A resident number inside free text: a birth day that exists, a gender digit, six more digits.
RESIDENT_NO = re.compile(
    r"(?<![0-9])([0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])-?[1-8])[0-9]{6}(?![0-9])"
)
ZERO = re.compile(r"-?0+(\.0+)?")


@dataclass(frozen=True)
class _View:
    """The part of a claim that is shown, and the numbers of the statements that are not."""

    claim: etree._Element
    hidden: list[str] = field(default_factory=list)


def render_html(
    kind: str,
    catalogue: LayoutCatalogue,
    header: Any,
    tables: Mapping[str, Any] | Path,
    *,
    most: int = MOST_STATEMENTS,
    full_names: bool = False,
) -> str:
    """The page of a claim from its wire tables (or from the path of its claim XML; ``header`` is then unused).

    ``most`` statements are shown, the page says which are not. Raises LayoutError for tables that do not fit.
    """
    shape = claim_shape(catalogue, kind)
    view = _view_of_file(tables, most) if isinstance(tables, Path) else _view(shape, header, tables, most)
    return _page(shape, view, full_names)


def render_html_file(
    xml_path: Path, html_path: Path, *, most: int = MOST_STATEMENTS, full_names: bool = False
) -> None:
    """Write the page of a claim XML beside it: temporary name, fsync, rename."""
    view = _view_of_file(xml_path, most)
    kind = view.claim.get("kind", "")
    catalogue = _catalogue(scheme_folder(kind))
    page = _page(claim_shape(catalogue, kind), view, full_names)
    write_whole(html_path, [page.encode("utf-8")])


@cache
def _catalogue(folder: Path) -> LayoutCatalogue:
    return LayoutCatalogue.from_folder(folder / "layouts")


@cache
def _lists(folder: Path) -> CodeLists:
    return CodeLists(folder / "codes")


class _Styles(threading.local):
    """Compiled style sheets, one set per thread.

    Two threads in one sheet once ended in corrupted memory of libxslt (1 night in 68): trees share the strings of the
    sheet they came from. For the same reason only one transformation runs at a time; it is a small part of the work.
    """

    def __init__(self) -> None:
        self.known: dict[Path, tuple[etree.XSLT, str]] = {}


_STYLES = _Styles()
_ONE_AT_A_TIME = threading.Lock()


def _style(folder: Path) -> tuple[etree.XSLT, str]:
    if folder not in _STYLES.known:
        _STYLES.known[folder] = _compile(folder)
    return _STYLES.known[folder]


def _compile(folder: Path) -> tuple[etree.XSLT, str]:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    sheet = etree.parse(str(folder / "xml" / "claim.xslt"), parser)
    css = (folder / "xml" / "claim.css").read_text(encoding="utf-8")
    nothing = etree.XSLTAccessControl.DENY_ALL  # type: ignore[attr-defined]  # the stubs lack it
    return etree.XSLT(sheet, access_control=nothing), css


def _view(shape: ClaimShape, header: Any, tables: Mapping[str, Any], most: int) -> _View:
    """The first statements of tables that may hold many more."""
    general = tables.get(GENERAL)
    if general is None:
        general = shape.records[0].schema.empty_table()
    numbers = general[STATEMENT_NO]
    shown = general.slice(0, most)
    wanted = pa.array(shown[STATEMENT_NO].to_pylist(), pa.string())
    chunk = {GENERAL: shown}
    for one in shape.records[1:]:
        rows = tables.get(one.record)
        if rows is not None:
            chunk[one.record] = rows.filter(pc.is_in(rows[STATEMENT_NO].cast(pa.string()), value_set=wanted))
    if shape.summary is not None and tables.get(SUMMARY) is not None:
        chunk[SUMMARY] = tables[SUMMARY]
    data = b"".join(bytes(one) for one in claim_bytes(shape, header, [chunk], in_order=False))
    return _View(parse_slice(Slice(0, data), "claim"), numbers.slice(most).to_pylist())


def _view_of_file(path: Path, most: int) -> _View:
    """The first statements of a document; of the others only their numbers are read."""
    claim, shown = None, 0
    hidden: list[str] = []
    for one in claim_slices(path):
        if claim is not None and shown == most:
            hidden += [number.decode("utf-8", "replace") for number in STATEMENT_NUMBERS.findall(one.data)]
            continue
        root = parse_slice(one, path.name)
        statements = root.findall(STATEMENT)
        for extra in statements[most - shown :]:
            hidden.append(extra.get(STATEMENT_NO, ""))
            root.remove(extra)
        kept = statements[: most - shown]
        shown += len(kept)
        if claim is None:
            claim = root
        else:
            claim.extend(kept)
    assert claim is not None  # claim_slices gives at least one
    return _View(claim, hidden)


def _page(shape: ClaimShape, view: _View, full_names: bool) -> str:
    folder = scheme_folder(shape.kind)
    style, css = _style(folder)
    _mask(view.claim, shape, full_names)
    root = etree.Element("page", shown=str(len(view.claim.findall(STATEMENT))), hidden=str(len(view.hidden)))
    if view.hidden:
        root.set("first_hidden", view.hidden[0])
        root.set("last_hidden", view.hidden[-1])
    root.set("masked", "no" if full_names else "yes")
    etree.SubElement(root, "css").text = css
    header = view.claim.find(shape.header.element)
    month = header.get("treatment_month", "") if header is not None else ""
    root.append(labels(shape, _lists(folder), folder / "xml", _first_day(month), _used(view.claim)))
    _number_runs(view.claim)
    root.append(view.claim)
    with _ONE_AT_A_TIME:
        result = style(etree.ElementTree(root))
        text = etree.tostring(result, method="html", encoding="unicode", doctype="<!DOCTYPE html>")
        del result
    return str(text) + "\n"


def _first_day(month: str) -> date | None:
    try:
        return date(int(month[:4]), int(month[4:6]), 1)
    except ValueError:
        return None


def _number_runs(claim: etree._Element) -> None:
    """Give neighbouring rows of one section (항·목) or prescription the same ``run``: the page heads each run."""
    for statement in claim.iter(STATEMENT):
        last, run = None, 0
        for row in statement:
            key = (row.tag, row.get("hang"), row.get("mok"), row.get("prescription_no"))
            if key != last:
                last, run = key, run + 1
            row.set("run", str(run))


def _used(claim: etree._Element) -> set[str]:
    """``element.attribute`` of every value on the page that is neither blank nor zero."""
    return {
        f"{element.tag!s}.{name!s}"
        for element in claim.iter()
        for name, value in element.attrib.items()
        if not ZERO.fullmatch(str(value))
    }


def _mask(claim: etree._Element, shape: ClaimShape, full_names: bool) -> None:
    """Hide what the page must not show, before the style sheet sees it."""
    for one in shape.all:
        forms = {field.name: printed_form(field) for field in one.layout.fields}
        for element in claim.iter(one.element):
            for name, value in element.attrib.items():
                element.set(name, masked(str(value), forms.get(str(name), "text"), full_names))
            if element.text:
                element.text = masked(element.text, "free", full_names)


def masked(value: str, form: str, full_names: bool = False) -> str:
    """A value as the page may show it; ``form`` as ``printed_form`` gives it.

    홍길동 → 홍*동, 남궁민수 → 남**수, 이솔 → 이*; 9001011234567 → 900101-1******; card numbers keep three signs.
    """
    if form == "born":
        return value[:6] + (f"-{value[6]}" if len(value) > 6 else "") + "*" * (len(value) - 7)
    if form == "person" and not full_names:
        return value[:1] + "*" * max(1, len(value) - 2) + value[2:][-1:]
    if form == "card" and not full_names:
        return value[:3] + "*" * max(0, len(value) - 3)
    if form == "free":
        return RESIDENT_NO.sub(r"\1******", value)
    return value
