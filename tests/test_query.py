"""Small questions share one DuckDB of the process and still know nothing of each other."""

from __future__ import annotations

import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from cheonggu.query import Tables

LIST = "SELECT count(*) FROM duckdb_databases()"
# A thread that nobody waits for keeps modules alive to the very end, as those of the flows do; what DuckDB's bindings
# find open then, they complain of on the operator's screen.
UNTIDY = """
import threading, time
import cheonggu.query
print(cheonggu.query.Tables().rows("SELECT 1"))
threading.Thread(target=lambda held: time.sleep(60), args=[cheonggu.query._shared], daemon=True).start()
"""


def test_each_has_names_of_its_own() -> None:
    first, second = Tables(given=pa.table({"n": [1]})), Tables(given=pa.table({"n": [2, 3]}))
    for one in (first, second):
        one.run("CREATE TABLE made AS SELECT n * 10 AS n FROM given")
        one.run("CREATE VIEW seen AS SELECT * FROM made")
    assert first.table("SELECT n FROM seen").to_pylist() == [{"n": 10}]
    assert second.rows("SELECT n FROM seen ORDER BY n") == [(20,), (30,)]


def test_nothing_stays_of_those_that_are_gone() -> None:
    gc.collect()
    asker = Tables()
    before = asker.rows(LIST)

    def ask(number: int) -> int:
        db = Tables(given=pa.table({"n": list(range(number))}))
        db.run("CREATE TABLE made AS SELECT * FROM given")
        return int(db.rows("SELECT count(*) FROM made")[0][0])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(1, 60))) == list(range(1, 60))
    gc.collect()
    assert asker.rows(LIST) == before


def test_a_program_ends_without_complaint() -> None:
    done = subprocess.run([sys.executable, "-c", UNTIDY], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[(1,)]\n", "")
