# Two commands do everything: make demo, make test. Nothing asks a question, needs root or a server.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready-$(shell cat requirements.lock pyproject.toml | cksum | cut -d' ' -f1)
export CHEONGGU_HOME := $(CURDIR)
# A demo and the tests start many processes: let them keep what one of them compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-long simulate check format serve

demo: $(READY)
	$(BIN)/cheonggu demo --dir demo

test: $(READY)
	$(BIN)/python -m pytest -m "not long" -n 4 --dist loadfile --no-loadscope-reorder

test-long: $(READY)
	$(BIN)/python -m pytest -m long

# A year of nights in which everything goes wrong that may: make simulate NIGHTS=365 SEED=1 (docs/simulation.md)
NIGHTS ?= 365
SEED ?= 1
simulate: $(READY)
	$(BIN)/python -m tests.simulation --nights $(NIGHTS) --seed $(SEED)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/data_health tests/test_imports.py

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

serve: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/serve.sh

$(READY):
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	rm -f .venv/.ready-*
	touch $@
