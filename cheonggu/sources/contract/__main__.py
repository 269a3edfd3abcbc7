"""``python -m cheonggu.sources.contract``: write ``docs/source-contract.md`` anew (run it at the project's root)."""

from __future__ import annotations

from cheonggu.sources.contract.page import PAGE, write_page

write_page()
print(PAGE)
