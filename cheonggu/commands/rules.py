"""``rules list | explain | tables | test``: the pre-check catalogue, one rule with its basis and cases, what a rule may
ask, and the named cases."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

import cheonggu
from cheonggu.codes import CodeLists
from cheonggu.commands.opening import scheme_or_first
from cheonggu.commands.options import AsJson, SchemeName
from cheonggu.errors import UsageError
from cheonggu.findings import ERROR, WARNING
from cheonggu.precheck.cases import Base, Case, load_bases, load_cases, run_cases
from cheonggu.precheck.catalogue import PREEMPT_LISTS, load_catalogue
from cheonggu.precheck.model import Catalogue, Rule
from cheonggu.precheck.mutations import judge_rules, read_also_fires, run_mutations
from cheonggu.schemes import SCHEMES
from cheonggu.schemes.scheme import Scheme
from cheonggu.site import SITE_VARIABLE, load_site, site_path

app = typer.Typer(help="사전점검 규칙 · the pre-check rules", no_args_is_help=True)

Folders = Annotated[
    list[Path] | None,
    typer.Option("--rules", help="병원 규칙 폴더 · further folders of the hospital's own rules"),
]
SiteFile = Annotated[
    Path | None,
    typer.Option(
        "--site", help="설정 파일: 그 병원 규칙까지 · site file, for the rules it names ($CHEONGGU_SITE)"
    ),
]
CaseFolder = Annotated[
    Path | None, typer.Option("--cases", help="사례 폴더 · folder of case files (default: the project's own)")
]


@app.command("list")
def list_rules(
    scheme: SchemeName = None,
    rules: Folders = None,
    site: SiteFile = None,
    level: Annotated[
        str | None, typer.Option("--level", help="error 또는 warning만 · error or warning only")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """모든 규칙 · every rule in the order it runs."""
    if level not in (None, ERROR, WARNING):
        raise UsageError(
            f"There is no level {level!r}.",
            f"{level!r} 등급은 없습니다.",
            fix_en=f"Write {ERROR} or {WARNING}.",
            fix_ko=f"{ERROR}(오류) 또는 {WARNING}(경고)으로 적으세요.",
        )
    catalogue = read_catalogue(scheme_or_first(scheme), rules, site)
    chosen = [one for one in catalogue.rules if level in (None, one.level)]
    if as_json:
        typer.echo(json.dumps([describe(one) for one in chosen], ensure_ascii=False, indent=1))
        return
    for one in chosen:
        needs = f"  [{', '.join(one.requires)}]" if one.requires else ""
        typer.echo(f"{one.id:9} {one.level:7} {one.message_ko} · {one.message_en}{needs}")
    typer.echo(f"규칙 {len(chosen)}개. {len(chosen)} rules.")


@app.command()
def explain(
    rule_id: Annotated[str, typer.Argument(help="규칙 번호 · such as DAY-010")],
    scheme: SchemeName = None,
    rules: Folders = None,
    site: SiteFile = None,
    cases: CaseFolder = None,
    as_json: AsJson = False,
) -> None:
    """규칙 하나의 근거·기간·조치·사례 · one rule: basis, days, how to mend, what it prevents, condition, cases.

    A rule that gives an amount (co-payment and the like) is shown as it stands in the rule data.
    """
    home = scheme_or_first(scheme)
    catalogue = read_catalogue(home, rules, site)
    try:
        rule = catalogue.rule(rule_id.upper())
    except KeyError:  # not a pre-check rule: then one of those that give amounts, or none at all
        facts = explain_amount(home, rule_id)
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1, default=str))
        return
    folder = cases or own_cases(home)
    named = [one for one in load_cases(folder) if one.rule_id == rule.id] if folder.is_dir() else []
    if as_json:
        facts = describe(rule) | {"cases": [show_case(one) for one in named]}
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    typer.echo("\n".join(show_rule(rule, catalogue.codes)))
    for one in named:
        typer.echo(f"  {show_case(one)}")


@app.command()
def tables(
    name: Annotated[str | None, typer.Argument(help="표 이름 · a table, for its columns")] = None,
    scheme: SchemeName = None,
    as_json: AsJson = False,
) -> None:
    """규칙이 물을 수 있는 표와 열 · the tables a rule may ask, or the columns of one."""
    declared = load_catalogue(scheme_or_first(scheme).checks.rule_folders).tables.tables
    if name is not None and name not in declared:
        raise UsageError(
            f"There is no table {name!r}.",
            f"{name!r} 표는 없습니다.",
            fix_en=f"Known: {', '.join(declared)}.",
            fix_ko=f"사용할 수 있는 표: {', '.join(declared)}.",
        )
    chosen = [declared[name]] if name else list(declared.values())
    if as_json:
        rows = {
            one.name: {"use": one.use, "columns": [vars(column) for column in one.columns]} for one in chosen
        }
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    if name is None:
        for one in chosen:
            typer.echo(f"{one.name:18} {one.use:9} {len(one.columns):3}열 columns")
        return
    for column in chosen[0].columns:
        mark = "  개인정보 personal" if column.personal else ""
        typer.echo(f"{column.name:28} {column.type:5} {column.meaning}{mark}")


@app.command("test")
def run_tests(
    scheme: SchemeName = None,
    rules: Folders = None,
    site: SiteFile = None,
    cases: CaseFolder = None,
    only: Annotated[
        str | None, typer.Option("--rule", help="이 번호로 시작하는 규칙만 · rules that begin so")
    ] = None,
    mutations: Annotated[
        bool,
        typer.Option(
            "--mutations",
            help="깨끗한 청구에 오류를 하나씩 심어 모든 규칙 실행 · plant one defect at a time, run all rules",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """사례 실행 · run the named cases; exit 1 when one is not as expected.

    A case may start from the project's clean claims or from one in CASES/base.
    """
    home = scheme_or_first(scheme)
    catalogue = read_catalogue(home, rules, site)
    folder = cases or own_cases(home)
    if not folder.is_dir():
        raise UsageError(
            f"There is no folder {folder}.",
            f"{folder} 폴더가 없습니다.",
            fix_en="Give --cases DIR.",
            fix_ko="--cases 옵션으로 폴더를 지정하세요.",
        )
    chosen = [one for one in load_cases(folder) if one.rule_id.startswith((only or "").upper())]
    if not chosen:  # a mistyped number must not look like a test that passed
        raise UsageError(
            f"No case in {folder} is for a rule {only or ''}.",
            f"{folder}에 규칙 {only or ''}의 사례가 없습니다.",
            fix_en="Correct --rule or --cases; docs/changing-a-rule.md shows how a case is written.",
            fix_ko="--rule이나 --cases를 고치세요. 사례 적는 법은 docs/changing-a-rule.md에 있습니다.",
        )
    bases = load_bases(own_cases(home), folder)
    if mutations:
        _run_mutations(catalogue, folder, bases, chosen, as_json)
        return
    outcomes = run_cases(catalogue, bases, chosen)
    failed = [one for one in outcomes if one.problem]
    if as_json:
        rows = [{"rule": one.case.rule_id, "case": one.case.name, "problem": one.problem} for one in outcomes]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for one in failed:
            typer.echo(f"{one.case.file}: {one.case.label}: {one.problem}")
        good = len(outcomes) - len(failed)
        typer.echo(
            f"사례 {len(outcomes)}개 중 {good}개가 맞습니다. {good} of {len(outcomes)} cases are as expected."
        )
    if failed:
        raise typer.Exit(1)


def _run_mutations(
    catalogue: Catalogue, folder: Path, bases: dict[str, Base], cases: list[Case], as_json: bool
) -> None:
    """One planted defect at a time in a clean claim; exit 1 when a rule has none that fires as listed."""
    mutants = run_mutations(catalogue, bases, cases, read_also_fires(folder))
    problems = judge_rules(mutants)
    if as_json:
        rows = [
            {
                "rule": one.case.rule_id,
                "case": one.case.name,
                "fired": sorted(one.fired),
                "problem": one.problem,
            }
            for one in mutants
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for rule_id, problem in problems.items():
            typer.echo(f"{rule_id}: {problem}")
        rules = len({one.case.rule_id for one in mutants})
        typer.echo(
            f"심은 오류 {len(mutants)}개, 규칙 {rules}개 중 {rules - len(problems)}개가 맞습니다. "
            f"{len(mutants)} planted defects; {rules - len(problems)} of {rules} rules fire as listed."
        )
    if problems:
        raise typer.Exit(1)


def read_catalogue(scheme: Scheme, folders: list[Path] | None, site: Path | None = None) -> Catalogue:
    """The scheme's catalogue with the hospital's folders behind it: those given, else those of the site file in use."""
    own: Sequence[Path] = folders or ()
    if not own and (site is not None or os.environ.get(SITE_VARIABLE)):
        own = load_site(site_path(site)).rule_folders(scheme.name)
    return load_catalogue(scheme.checks.rule_folders, own)


def explain_amount(scheme: Scheme, rule_id: str) -> dict[str, Any]:
    """A rule that gives an amount: of this scheme, else of another that has one of that name."""
    others = [one for one in SCHEMES.values() if one.name != scheme.name]
    for one in (scheme, *others):
        with suppress(UsageError):
            return one.amounts.explain(rule_id)
    return scheme.amounts.explain(rule_id)


def own_cases(scheme: Scheme) -> Path:
    """The project's own case files."""
    return Path(cheonggu.__file__).parents[1] / "tests" / "cases" / scheme.name


def describe(rule: Rule) -> dict[str, Any]:
    """A rule as plain values."""
    return {
        "id": rule.id,
        "level": rule.level,
        "scope": rule.scope,
        "message_ko": rule.message_ko,
        "message_en": rule.message_en,
        "fix_ko": rule.fix_ko,
        "fix_en": rule.fix_en,
        "basis": rule.basis,
        "preempts": list(rule.preempts),
        "confidence": rule.confidence,
        "source": rule.source,
        "from": rule.first.isoformat() if rule.first else None,
        "to": rule.last.isoformat() if rule.last else None,
        "applies": {name: sorted(map(str, values)) for name, values in rule.applies.facts().items()},
        "requires": list(rule.requires),
        "conditions": [f"{one.table}: {one.where}" if one.table else one.query for one in rule.parts],
        "note": rule.note,
        "file": rule.file,
    }


def show_rule(rule: Rule, codes: CodeLists) -> list[str]:
    """A rule for the terminal."""
    days = f"{rule.first or '…'} ~ {rule.last or '…'}" if rule.first or rule.last else "항상 · always"
    lines = [
        f"{rule.id} ({rule.level}, {rule.scope})",
        f"  {rule.message_ko} · {rule.message_en}",
        f"  조치 · fix: {rule.fix_ko} · {rule.fix_en}",
        f"  근거 · basis: {rule.basis} ({rule.confidence})",
        f"  진료일 · care days: {days}",
    ]
    lines += [f"  막는 사유 · prevents: {code} {describe_code(code, codes)}" for code in rule.preempts]
    lines += [
        f"  대상 · only {name}: {', '.join(sorted(map(str, some)))}"
        for name, some in rule.applies.facts().items()
    ]
    if rule.requires:
        lines.append(f"  필요한 표 · needs tables: {', '.join(rule.requires)}")
    if rule.note:
        lines.append(f"  {rule.note}")
    lines += [
        f"  {line}"
        for part in rule.parts
        for line in (part.query or f"{part.table}: {part.where}").splitlines()
    ]
    return lines


def describe_code(code: str, codes: CodeLists) -> str:
    """Korean label of a return (R) or review-impossible (I) code such as ``R:09-03``."""
    sort, _, key = code.partition(":")
    labels = {one.key: one.name_ko for one in codes.rows(PREEMPT_LISTS[sort])}
    return labels.get(key) or labels[key.removesuffix("-00")]


def show_case(case: Case) -> str:
    """A case as a line: its name and where it fires."""
    where = ", ".join(case.fires_on)
    return f"{case.name} → {where}" if where else f"{case.name} → 이상 없음 (no finding)"
