"""Where one installation keeps its things: source, ledger, data folder, key, gateways. Read from one TOML file.

Relative paths are taken from the file's own folder. The key that encrypts personal data never stands in the
file: it names an environment variable or a key file. ``CHEONGGU_SITE`` says where the file is.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cheonggu.errors import UsageError

SITE_VARIABLE = "CHEONGGU_SITE"
AUTOMATIC, ON_DEMAND = "automatic", "on_demand"
HOME = "home"  # in ``Site.settings``: the folder of the site file, from which paths are taken
BATCHES, FILES = "batches", "files"
PROVE_WHOLE_DAYS = 7


@dataclass(frozen=True)
class SourcePlace:
    """Where a scheme's data comes from: the database's address, and the folder of files its rows may name."""

    url: str
    files: Path


@dataclass(frozen=True)
class Site:
    """One installation. ``sources`` maps a scheme's name to its source; "" is the one of every other scheme.

    ``gateways`` maps a gateway's name to its settings.

    ``first_care_month`` (CCYYMM) is the first month this installation answers for: everything before it was
    claimed by other means and must never be claimed again. ``approvals`` is how many different persons must
    approve a claim before it is handed off. ``prove_whole_days``: after how many days the night proves the whole
    ledger again instead of what is new. ``omitted``: whether the night takes statements that missed
    their month's claim by itself (``automatic``) or leaves them to a person (``on_demand``). ``notify`` is how
    people outside are told something, None where they are not. ``notice_layouts`` are the site's own layout tables
    of fixed-width notices, ``notice_providers`` other offices' provider codes → those of the source. ``settings``
    holds every table of the file as it stands, for the scheme to read its own, and the file's folder as ``HOME``.
    """

    sources: Mapping[str, SourcePlace]
    ledger_url: str
    data_folder: Path
    first_care_month: str
    key_file: Path | None
    key_variable: str | None
    gateways: Mapping[str, Mapping[str, Any]]
    own_rules: Mapping[str, tuple[Path, ...]]
    threads: int
    chunk_statements: int
    approvals: int
    prove_whole_days: int = PROVE_WHOLE_DAYS
    omitted: str = AUTOMATIC
    settings: Mapping[str, Any] = field(default_factory=dict)
    notice_layouts: tuple[Path, ...] = ()
    notice_providers: Mapping[str, str] = field(default_factory=dict)
    notify: Mapping[str, Any] | None = None

    def source(self, scheme: str) -> SourcePlace:
        """The scheme's own source, else the common one; UsageError when there is neither."""
        found = self.sources.get(scheme) or self.sources.get("")
        if found is None:
            raise UsageError(
                f"The site file has no [source.{scheme}] url.",
                f"설정 파일에 [source.{scheme}]의 url이 없습니다.",
                fix_en="docs/operating.ko.md shows a complete file.",
                fix_ko="docs/operating.ko.md의 예시를 보세요.",
            )
        return found

    def rule_folders(self, scheme: str) -> tuple[Path, ...]:
        """The hospital's own rules for a scheme: ``[rules.<scheme>]``, else ``[rules]`` where there is one scheme only.

        The rules of one scheme ask tables another does not have, so with several schemes each folder has to say whose
        it is; UsageError otherwise.
        """
        common = self.own_rules.get("", ())
        schemes = [one for one in self.sources if one]
        if common and len(schemes) > 1:
            raise UsageError(
                "The site file has several schemes; its [rules] folders do not say whose rules they hold.",
                "설정 파일에 제도가 여럿인데 [rules] folders가 어느 제도의 규칙인지 적혀 있지 않습니다.",
                fix_en=f"Write [rules.{schemes[0]}] instead of [rules].",
                fix_ko=f"[rules] 대신 [rules.{schemes[0]}]처럼 적으세요.",
            )
        return self.own_rules.get(scheme, common)

    def scheme_folder(self, scheme: str) -> Path:
        return self.data_folder / scheme

    def batches_folder(self, scheme: str) -> Path:
        return self.scheme_folder(scheme) / BATCHES

    def files_store(self, scheme: str) -> Path:
        """Files that came with the source, kept once by content."""
        return self.scheme_folder(scheme) / FILES

    def reports_folder(self, scheme: str, day: date) -> Path:
        """Where the reports of one night stand."""
        return self.scheme_folder(scheme) / "reports" / day.isoformat()


def load_site(path: Path) -> Site:
    """Read the site file; UsageError names what is missing."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"The site file {path.name} cannot be read: {error.strerror}.",
            f"설정 파일 {path.name}을(를) 읽을 수 없습니다.",
            fix_en=f"Give --site FILE or set {SITE_VARIABLE}.",
            fix_ko=f"--site 옵션이나 {SITE_VARIABLE} 환경 변수로 파일을 지정하세요.",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name} is not TOML: {error}.", f"{path.name} 형식이 틀렸습니다.") from error
    home = path.resolve().parent
    key = raw.get("key", {})
    return Site(
        sources=_sources(path, home, raw),
        ledger_url=_url(home, _need(path, raw, "ledger", "url")),
        data_folder=home / _need(path, raw, "data", "folder"),
        first_care_month=_month(path, _need(path, raw, "run", "first_care_month")),
        key_file=home / key["file"] if "file" in key else None,
        key_variable=key.get("variable"),
        gateways={
            name: {one: _url(home, value) if one == "folder" else value for one, value in settings.items()}
            for name, settings in raw.get("gateway", {}).items()
        },
        own_rules=_own_rules(path, home, raw.get("rules", {})),
        threads=int(raw.get("run", {}).get("threads", os.cpu_count() or 1)),
        chunk_statements=int(raw.get("run", {}).get("chunk_statements", 20_000)),
        approvals=int(raw.get("approval", {}).get("persons", 0)),
        prove_whole_days=_days(path, raw["ledger"].get("prove_whole_days", PROVE_WHOLE_DAYS)),
        omitted=_choice(path, str(raw.get("run", {}).get("omitted", AUTOMATIC))),
        settings=raw | {HOME: str(home)},
        notice_layouts=tuple(home / one for one in raw.get("notices", {}).get("layouts", [])),
        notice_providers=dict(raw.get("notices", {}).get("providers", {})),
        notify=_notify(home, raw.get("notify")),
    )


def _days(path: Path, value: object) -> int:
    """A whole number of days, at least 1; UsageError otherwise."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise UsageError(
        f"{path.name}: [ledger] prove_whole_days must be a whole number of days, at least 1.",
        f"{path.name}: [ledger] prove_whole_days 값은 1 이상의 날수여야 합니다.",
    )


def site_path(given: Path | None = None) -> Path:
    """The site file: as given, else from the environment, else ``site.toml`` here."""
    return given or Path(os.environ.get(SITE_VARIABLE, "site.toml"))


def _notify(home: Path, raw: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """``[notify]``: how people outside are told something; its folder is taken from the site file's own."""
    if raw is None or "folder" not in raw:
        return raw
    return {**raw, "folder": str(home / str(raw["folder"]))}


def _sources(path: Path, home: Path, raw: Mapping[str, Any]) -> dict[str, SourcePlace]:
    """``[source]`` is for every scheme, ``[source.<scheme>]`` for one; files lie beside the site file by default."""
    tables = {name: one for name, one in raw.get("source", {}).items() if isinstance(one, dict)}
    if "url" in raw.get("source", {}) or not tables:
        tables[""] = {"url": _need(path, raw, "source", "url"), **raw["source"]}
    for name, one in tables.items():
        if "url" not in one:
            _need(path, {f"source.{name}": one}, f"source.{name}", "url")
    return {
        name: SourcePlace(_url(home, str(one["url"])), home / str(one.get("files", ".")))
        for name, one in tables.items()
    }


def _own_rules(path: Path, home: Path, raw: Any) -> dict[str, tuple[Path, ...]]:
    """Folders by scheme, "" for those that name none; UsageError when something else stands there."""
    by_scheme = (
        {name: one for name, one in raw.items() if isinstance(one, dict)} if isinstance(raw, dict) else {}
    )
    common = (
        {name: one for name, one in raw.items() if name not in by_scheme} if isinstance(raw, dict) else raw
    )
    found = {}
    for name, table in {"": common, **by_scheme}.items():
        folders = table.get("folders", []) if isinstance(table, dict) and set(table) <= {"folders"} else None
        if not isinstance(folders, list) or not all(isinstance(one, str) for one in folders):
            raise UsageError(
                f'{path.name}: [rules] holds folders = ["…"] and nothing else.',
                f'{path.name}: [rules]에는 folders = ["…"]만 적습니다.',
            )
        found[name] = tuple(home / one for one in folders)
    return {name: one for name, one in found.items() if one}


def _need(path: Path, raw: Mapping[str, Any], table: str, key: str) -> str:
    try:
        return str(raw[table][key])
    except KeyError:
        raise UsageError(
            f"{path.name} lacks [{table}] {key}.",
            f"{path.name}에 [{table}] {key} 항목이 없습니다.",
            fix_en="docs/operating.ko.md shows a complete file.",
            fix_ko="docs/operating.ko.md의 예시를 보세요.",
        ) from None


def _month(path: Path, text: str) -> str:
    if len(text) == 6 and text.isdigit() and "01" <= text[4:] <= "12":
        return text
    raise UsageError(
        f"{path.name}: first_care_month must be CCYYMM.",
        f"{path.name}: first_care_month는 CCYYMM 형식입니다.",
    )


def _choice(path: Path, text: str) -> str:
    if text in (AUTOMATIC, ON_DEMAND):
        return text
    raise UsageError(
        f"{path.name}: [run] omitted is {AUTOMATIC} or {ON_DEMAND}.",
        f"{path.name}: [run] omitted는 {AUTOMATIC} 또는 {ON_DEMAND}입니다.",
    )


def _url(home: Path, text: str) -> str:
    """A path after sqlite:/// or parquet:/// (or without a scheme) is taken from the file's folder."""
    for prefix in ("sqlite:///", "parquet:///"):
        if text.startswith(prefix):
            return prefix + str(home / text.removeprefix(prefix))
    return text if "://" in text else str(home / text)
