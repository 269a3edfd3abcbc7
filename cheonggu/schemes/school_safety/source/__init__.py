"""The source contract of this scheme (원천자료 계약): schools, pupils, accidents, benefit claims and their papers."""

from __future__ import annotations

from pathlib import Path

from cheonggu.sources.contract import load_contract

HERE = Path(__file__).parent
CONTRACT = load_contract(HERE / "contract.csv")
