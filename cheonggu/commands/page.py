"""``python -m cheonggu.commands.page > docs/commands.md``: every command and option, from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from cheonggu.cli import app

HEAD = """# 명령 · Commands

*This page is made by `python -m cheonggu.commands.page > docs/commands.md` from the command line itself. Change the
help texts there, not this page.*

종료 코드와 오류 메시지는 [operating.ko.md](operating.ko.md) 6장에 있습니다. Exit codes: 0 fine, 1 findings or refused
input, 2 usage, 3 environment. **굵게** 적은 옵션은 꼭 필요합니다. Options in **bold** are required."""


def find_commands(
    command: Any, path: tuple[str, ...] = ("cheonggu",)
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below one, with the words that call it, in the order of the help."""
    for name, one in getattr(command, "commands", {}).items():
        yield (*path, name), one
        yield from find_commands(one, (*path, name))


def make_page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    for path, command in find_commands(typer.main.get_command(app)):
        if getattr(command, "commands", None) and len(path) == 2:
            parts.append(f"## {' '.join(path)}\n\n{_line(command.help)}")
        if command.params:
            parts.append(_command(path, command))
    return "\n\n".join(parts) + "\n"


def _command(path: tuple[str, ...], command: Any) -> str:
    words = [_word(one) for one in command.params if one.param_type_name == "argument"]
    title = f"### `{' '.join([*path, *words])}`"
    rows = [_row(one) for one in command.params]
    return "\n".join([title, "", *_paragraphs(command.help), "", "| | |", "| --- | --- |", *rows])


def _word(argument: Any) -> str:
    """An argument as a usage line shows it."""
    word = str(argument.metavar or argument.name.upper())
    return f"{word}…" if argument.nargs == -1 else word


def _paragraphs(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").strip().splitlines()]


def _line(text: str | None) -> str:
    return " ".join(_paragraphs(text))


def _row(one: Any) -> str:
    """A parameter as a row: its names, bold when it must be given, and what it means."""
    names = ", ".join(f"`{name}`" for name in [*one.opts, *one.secondary_opts])
    if one.param_type_name == "argument":
        names = f"`{_word(one)}`"
    shown = f"**{names}**" if one.required else names
    variable = f" (환경 변수 · variable `{one.envvar}`)" if one.envvar else ""
    return f"| {shown} | {_line(one.help).replace('|', chr(92) + '|')}{variable} |"


if __name__ == "__main__":
    print(make_page(), end="")
