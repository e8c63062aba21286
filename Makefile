# Everything a fresh machine needs is made by `setup`; it needs only Python (3.11 or later) and make.
# Python 3.13 is used where it is found: the tests of the Functions worker need it.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.requirements
PYTHON ?= $(shell sh tools/find_python.sh)

.PHONY: setup demo test check lint types contracts bench bench-full package lock clean

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

test: setup
	$(BIN)/python -m pytest -n auto

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

check: lint types contracts test

bench: $(STAMP)
	$(BIN)/python -m benchmarks

bench-full: $(STAMP)
	$(BIN)/python -m benchmarks --full

# What is deployed, as .package/app.zip: see docs/package.md.
package: $(STAMP)
	$(BIN)/python -m tools.package

# The locks are universal: one file for every supported Python, with hashes.
lock: $(STAMP)
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade requirements.in -o requirements.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -c requirements.txt requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf $(VENV) .package .state .mypy_cache .ruff_cache .pytest_cache .hypothesis
