"""The documents tell the truth about the command line: every command they show exists, parses and is explained."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from cheonggu.cli import app
from cheonggu.commands.page import find_commands, make_page
from cheonggu.errors import CheongguError

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    if path.name not in ("CHANGELOG.md", "commands.md", "finding-codes.md")
)
COMMANDS = {" ".join(path): command for path, command in find_commands(typer.main.get_command(app))}
FENCED = re.compile(r"^```(?:sh)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"`(?:\.venv/bin/)?(cheonggu [a-z][^`]*)`", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)")


def fenced_lines() -> Iterator[Any]:
    """Lines of shell blocks that call the command line, with the page they stand on."""
    for page in PAGES:
        for block in FENCED.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                words = line.strip().removeprefix(".venv/bin/")
                if words.startswith("cheonggu "):
                    yield pytest.param(words, id=f"{page.name}: {words[:50]}")


def quoted_calls() -> Iterator[Any]:
    """Calls that a sentence names, as far as they are written out."""
    for page in PAGES:
        text = FENCED.sub("", page.read_text(encoding="utf-8"))
        for found in QUOTED.findall(text):
            words = " ".join(found.split())
            yield pytest.param(words, id=f"{page.name}: {words[:50]}")


def split_path(words: list[str]) -> tuple[list[str], list[str]]:
    """The longest path of commands at the beginning, and what follows it."""
    path = [words[0]]
    while len(path) < len(words) and " ".join([*path, words[len(path)]]) in COMMANDS:
        path.append(words[len(path)])
    return path, words[len(path) :]


@pytest.mark.parametrize("line", list(fenced_lines()))
def test_a_command_in_a_block_parses_as_it_stands(line: str, tmp_path: Path) -> None:
    path, rest = split_path(shlex.split(line, comments=True))
    command = COMMANDS[" ".join(path)]
    assert not getattr(command, "commands", None), f"{line}: names no command"
    command.make_context(path[-1], rest)


@pytest.mark.parametrize("call", list(quoted_calls()))
def test_a_command_in_a_sentence_exists_with_its_options(call: str) -> None:
    path, rest = split_path(call.split())
    assert len(path) > 1, f"{call}: no such command"
    names = COMMANDS[" ".join(path)]
    alternatives = rest[0].split("|") if rest and "|" in rest[0] else []
    for one in alternatives:
        assert " ".join([*path, one]) in COMMANDS, f"{call}: no {one}"
    commands = [COMMANDS[" ".join([*path, one])] for one in alternatives] or [names]
    known = {
        name for one in commands for param in one.params for name in [*param.opts, *param.secondary_opts]
    }
    asked = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", " ".join(rest))) - {"--help"}
    assert asked <= known, f"{call}: no {asked - known}"
    if not alternatives and getattr(names, "commands", None):
        assert not [word for word in rest if re.fullmatch(r"[a-z][a-z-]+", word)], f"{call}: no such command"


def test_every_command_and_option_is_explained_and_the_page_is_up_to_date() -> None:
    bare = [
        f"{path} {param.name}"
        for path, command in COMMANDS.items()
        for param in command.params
        if not param.help or "·" not in param.help
    ]
    assert bare == []
    assert [path for path, command in COMMANDS.items() if "·" not in (command.help or "")] == []
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == make_page(), (
        "run python -m cheonggu.commands.page > docs/commands.md"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target, _ in LINK.findall(page.read_text(encoding="utf-8"))]
    assert [one for one in targets if not (page.parent / one).exists()] == []


def test_the_operators_guide_names_every_deployment_and_no_other() -> None:
    guide = (ROOT / "docs" / "operating.ko.md").read_text(encoding="utf-8")
    deployed = {one["name"] for one in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]}
    assert {name for name in deployed if f"`{name}`" not in guide} == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["school", "clocks", "--until", "2026-13-01"],
        ["report", "ageing", "--as-of", "6/30"],
        ["findings", "report", "--month", "2026-06"],
        ["register", "claims", "--from", "202613"],
    ],
)
def test_what_is_no_day_or_month_is_refused_in_both_languages(arguments: list[str]) -> None:
    path, rest = split_path(["cheonggu", *arguments])
    with pytest.raises(CheongguError, match=r"적습니다.*is written"):
        COMMANDS[" ".join(path)].make_context(path[-1], rest)
