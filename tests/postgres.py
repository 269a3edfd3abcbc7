"""A private PostgreSQL cluster on a free loopback port, for one test run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

NOBODY = 65534


def find_binaries() -> Path | None:
    """The newest PostgreSQL server binaries of this machine, or None."""
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


BINARIES = find_binaries()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_cluster(home: Path) -> None:
    """Make a cluster in the empty folder ``home`` and start it; ``home/url`` holds its base address."""
    assert BINARIES is not None
    home.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(home, NOBODY, NOBODY)
    port, data = free_port(), str(home / "data")
    _as_server_user(home, "initdb", "-D", data, "-U", "cheonggu", "-A", "trust", "-E", "UTF8", "-N")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
    options += " -c fsync=off -c full_page_writes=off"
    _as_server_user(home, "pg_ctl", "-D", data, "-o", options, "-l", str(home / "log"), "-w", "start")
    (home / "url").write_text(f"postgresql://cheonggu@127.0.0.1:{port}", encoding="ascii")


def stop_cluster(home: Path) -> None:
    """Stop what :func:`start_cluster` started there, if anything."""
    if (home / "data" / "postmaster.pid").exists():
        _as_server_user(home, "pg_ctl", "-D", str(home / "data"), "-m", "immediate", "-w", "stop")


def _as_server_user(home: Path, program: str, *arguments: str) -> None:
    """PostgreSQL refuses to run as root; root steps down to nobody."""
    assert BINARIES is not None
    command = [str(BINARIES / program), *arguments]
    if os.geteuid() == 0:
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    # Not through pipes: the server would keep them open.
    done = subprocess.run(
        command, cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{program} failed; see {home / 'log'}"
