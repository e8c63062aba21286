# Everything a fresh machine needs is made by `setup`; it needs only Python (3.11 or later) and make.
# Python 3.13 is used where it is found: the tests of the Functions worker need it.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.requirements
CHECKOV := .venv-checkov
CHECKOV_STAMP := $(CHECKOV)/.requirements
PEERS := .venv-peers
PEERS_STAMP := $(PEERS)/.requirements
PYTHON ?= $(shell sh tools/find_python.sh)

# Without its bytecode each process would compile the program and its libraries anew, and the suite
# starts some hundred.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo console test check lint types contracts acceptance bench bench-full package lock clean

setup: $(STAMP) node

$(STAMP): requirements-dev.txt
	@echo "Setting up $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $(STAMP)

.PHONY: node
node: $(STAMP)
	@$(BIN)/python -m tests.servers.setup

demo: $(STAMP)
	@$(BIN)/python -m demo

# The console over simulated tenants, on http://127.0.0.1:7071/api/console until Ctrl-C.
console: $(STAMP)
	@$(BIN)/python -m demo.console

# The pictures of docs/images: taken by the test of that console, in Chromium.
.PHONY: screenshots
screenshots: $(STAMP)
	$(BIN)/python -m pytest -q tests/demo/test_console.py
	$(BIN)/python -m tools.screenshots

test: setup
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

# checkov has a virtual environment of its own: its pins conflict with the program's. --no-deps,
# since the lock has one package newer than checkov asks for (infra/checkov/requirements.in).
$(CHECKOV_STAMP): infra/checkov/requirements.txt | $(STAMP)
	@echo "Setting up $(CHECKOV)"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(CHECKOV)
	@$(BIN)/uv pip install --quiet --python $(CHECKOV)/bin/python --no-deps --require-hashes -r infra/checkov/requirements.txt
	@touch $(CHECKOV_STAMP)

.PHONY: infra-check
infra-check: $(STAMP) $(CHECKOV_STAMP)
	@$(BIN)/python -m tests.infra.checkov

check: lint types contracts infra-check test

# Stories on the real clock, scaled down; FULL=1 tells them at full size, in about half an hour.
acceptance: setup
	@$(BIN)/python -m acceptance

# Fuzzing of everything that reads what others send; `make fuzz MINUTES=60 SEED=7`.
MINUTES ?= 10
.PHONY: fuzz
fuzz: $(STAMP)
	@$(BIN)/python -m tests.fuzz --minutes $(MINUTES) --seed $(SEED)

# What the program is measured against has an environment of its own, so that its pins are no
# matter of ours. g2g-scim-sync needs Python 3.12; below it is left out, and the table says so.
$(PEERS_STAMP): benchmarks/peers/requirements.txt | $(STAMP)
	@echo "Setting up $(PEERS)"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(PEERS)
	@$(BIN)/uv pip install --quiet --python $(PEERS)/bin/python --require-hashes -r benchmarks/peers/requirements.txt
	@touch $(PEERS_STAMP)

# Weeks of tenant life on simulated time. RUNS seeds of HOURS hours each, from SEED on.
SEED ?= 1
HOURS ?= 168
RUNS ?= 1
.PHONY: soak
soak: $(STAMP)
	@$(BIN)/python -m tests.soak --seed $(SEED) --hours $(HOURS) --runs $(RUNS)

# Times mean something on an idle machine only. DOCS=1 puts the figures into docs/performance.md.
BENCH = $(BIN)/python -m benchmarks $(if $(DOCS),--write-docs)

bench: setup $(PEERS_STAMP)
	$(BENCH)

bench-full: setup $(PEERS_STAMP)
	$(BENCH) --full

# What is deployed, as .package/app.zip: see docs/package.md.
package: $(STAMP)
	$(BIN)/python -m tools.package

# The locks are universal: one file for every supported Python, with hashes.
lock: $(STAMP)
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade requirements.in -o requirements.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -c requirements.txt requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --override infra/checkov/overrides.txt infra/checkov/requirements.in -o infra/checkov/requirements.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade benchmarks/peers/requirements.in -o benchmarks/peers/requirements.txt

clean:
	rm -rf $(VENV) $(CHECKOV) $(PEERS) .package .state .mypy_cache .ruff_cache .pytest_cache .hypothesis
