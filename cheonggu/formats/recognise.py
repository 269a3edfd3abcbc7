"""Which claim kind, form version and records a set of files holds: by form number, record type, file name and
length, in that order.

Nothing is assumed about where the files come from: names may carry prefixes, files may be missing, empty or odd.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cheonggu.errors import InputError, UsageError
from cheonggu.formats.claim_files import MARKER, is_combined
from cheonggu.layouts import Layout, LayoutCatalogue

HEADER = "H"
COMBINED = "*"  # all records of the kind in one file
_SAMPLE_BYTES = 8192  # more than the longest record

# How well a first line fits a record: form number, record type, file name, length. Compared in this order.
Fit = tuple[bool, bool, bool, bool]


@dataclass(frozen=True)
class SetFile:
    """One file of a set. ``record``: letter, ``*`` for a combined file, None when nothing fits."""

    path: Path
    size: int
    record: str | None = None
    is_marker: bool = False

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True)
class Recognised:
    """``kind`` None: nothing fits. ``rivals``: kinds that fit equally well. Versions as the header says, else None."""

    kind: str | None
    files: tuple[SetFile, ...]
    rivals: tuple[str, ...] = ()
    header_version: str | None = None
    statement_version: str | None = None
    claim_no: str | None = None


def recognise(
    paths: Path | Iterable[Path], catalogue: LayoutCatalogue, kind: str | None = None
) -> Recognised:
    """Look at the names and first lines of the files of one set; ``kind`` overrides what the files say.

    ``paths``: a folder (hidden files are passed over) or files. InputError when there is no file, UsageError when
    there is no such kind.
    """
    if kind is not None and kind not in catalogue.kinds:
        raise UsageError(
            f"There is no kind of claim {kind!r}.",
            f"{kind!r} 서식은 없습니다.",
            fix_en=f"Known: {', '.join(catalogue.kinds)}.",
            fix_ko=f"사용할 수 있는 종류: {', '.join(catalogue.kinds)}.",
        )
    files = [SetFile(path, path.stat().st_size) for path in _listed(paths)]
    markers = [replace(one, is_marker=True) for one in files if one.name.upper() == MARKER]
    others = [one for one in files if one.name.upper() != MARKER]
    lines = {one.path: _first_line(one.path) for one in others}
    kinds = (kind,) if kind else catalogue.kinds
    fits = {
        one: {file.path: _fits(catalogue, one, file, lines[file.path]) for file in others} for one in kinds
    }
    ranked = sorted(kinds, key=lambda one: _rank(catalogue, one, fits[one], lines), reverse=True)
    ranks = [_rank(catalogue, one, fits[one], lines) for one in ranked]
    if ranks[0][0] == 0:
        return Recognised(None, (*others, *markers))
    best = ranked[0]
    known = [replace(file, record=_record(catalogue, best, fits[best][file.path])) for file in others]
    known.sort(key=lambda file: _place(catalogue, best, file))
    rivals = tuple(one for one, rank in zip(ranked[1:], ranks[1:], strict=True) if rank == ranks[0])
    return _with_header(Recognised(best, (*known, *markers), rivals), catalogue, lines)


def _listed(paths: Path | Iterable[Path]) -> list[Path]:
    if isinstance(paths, Path):
        paths = [paths]
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
        elif path.is_file():
            found.append(path)
        else:
            raise InputError(f"There is no file {path.name}.", f"{path.name} 파일이 없습니다.")
    if not found:
        raise InputError(
            "There is no file to read.",
            "읽을 파일이 없습니다.",
            fix_en="Name the files of a claim, or their folder.",
            fix_ko="청구 파일이나 그 폴더를 지정하세요.",
        )
    return found


def _first_line(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_SAMPLE_BYTES).removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].removesuffix(b"\r")


def _fits(catalogue: LayoutCatalogue, kind: str, file: SetFile, line: bytes) -> dict[str, Fit]:
    """Records of the kind that the file may hold, with how well they fit."""
    found = {}
    for layout in catalogue.records(kind):
        fit = _fit(catalogue, layout, file.name, line)
        if fit and (any(fit[:3]) or (fit[3] and file.size)):
            found[layout.record] = fit
    return found


def _fit(catalogue: LayoutCatalogue, layout: Layout, name: str, line: bytes) -> Fit | None:
    names = (layout.file.rpartition("}")[2], *layout.aliases)
    has_name = any(one and name.upper().endswith(one.upper()) for one in names)
    if not line:
        return (False, False, has_name, False) if has_name else None
    has_form = has_type = False
    if "form_no" in layout:
        has_form = _cell(line, layout, "form_no") in catalogue.marks(layout.kind, layout.record, "form_no")
    hidden = any(one.length == len(line) for one in catalogue.undelivered(layout.kind, layout.record))
    if "record_type" in layout:
        has_type = _cell(line, layout, "record_type") == layout.record
        if not has_type and not (hidden and has_name):
            return None
    has_length = any(one.accepts_length(len(line)) for one in catalogue.variants(layout.kind, layout.record))
    return has_form, has_type, has_name, has_length or hidden


def _cell(line: bytes, layout: Layout, name: str) -> str:
    field = layout[name]
    return line[field.start - 1 : field.end].decode("ascii", "replace").strip()


def _rank(
    catalogue: LayoutCatalogue, kind: str, fits: dict[Path, dict[str, Fit]], lines: dict[Path, bytes]
) -> tuple[int, ...]:
    """Explained files first, then form numbers, the header's treatment form, record types, names, lengths."""
    bests = [max(one.values()) for one in fits.values() if one]
    forms, types, names, lengths = (sum(best[place] for best in bests) for place in range(4))
    explained = len(bests)
    return explained, forms, _has_treatment_form(catalogue, kind, fits, lines), types, names, lengths


def _has_treatment_form(
    catalogue: LayoutCatalogue, kind: str, fits: dict[Path, dict[str, Fit]], lines: dict[Path, bytes]
) -> bool:
    """Whether the header's treatment form belongs to the kind: F and G tell 첩약 from other Korean medicine."""
    layout = catalogue.layout(kind, HEADER)
    known = catalogue.marks(kind, HEADER, "treatment_form")
    headers = [lines[path] for path, one in fits.items() if one.get(HEADER, (False,))[0]]
    return any(_cell(line, layout, "treatment_form") in known for line in headers) if known else False


def _record(catalogue: LayoutCatalogue, kind: str, fits: dict[str, Fit]) -> str | None:
    if not fits:
        return None
    return COMBINED if is_combined(catalogue, kind) else max(fits, key=lambda record: fits[record])


def _place(catalogue: LayoutCatalogue, kind: str, file: SetFile) -> tuple[int, str]:
    records: Sequence[str] = [layout.record for layout in catalogue.records(kind)]
    return (records.index(file.record) if file.record in records else len(records), file.name)


def _with_header(found: Recognised, catalogue: LayoutCatalogue, lines: dict[Path, bytes]) -> Recognised:
    """The versions and claim number that the header states."""
    assert found.kind is not None
    layout = catalogue.layout(found.kind, HEADER)
    holders = [file for file in found.files if file.record in (HEADER, COMBINED)]
    if not holders or not lines[holders[0].path]:
        return found
    line = lines[holders[0].path]
    if not any(one.accepts_length(len(line)) for one in catalogue.variants(found.kind, HEADER)):
        return found
    if _cell(line, layout, "form_no") not in catalogue.marks(found.kind, HEADER, "form_no"):
        return found
    return replace(
        found,
        header_version=_cell(line, layout, "claim_form_version"),
        statement_version=_cell(line, layout, "statement_form_version"),
        claim_no=_cell(line, layout, "claim_no"),
    )
