# Alcove's commands. `make` alone lists them. Nothing but Python 3.11, pip, make and git has to be here before.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin
PY := $(BIN)/python
FONTS := alcove/ui/static/ui/fonts
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	--custom-compile-command "make lock" pyproject.toml
# Debian's Python without python3-venv cannot put pip into a .venv; then the pip that is here works on it.
PIP = $$(test -x .venv/bin/pip && echo $(PY) -m pip || echo $(PYTHON) -m pip --python $(PY)) \
	install --quiet --disable-pip-version-check --no-compile --no-deps
# The lock files name every package with its hash, so pip resolves and builds nothing.
INSTALL = $(PIP) --require-hashes --only-binary :all: --requirement
OURSELVES = $(PIP) --no-build-isolation --editable .
# What only looks at the code gets a home of its own, so that it never meets a practice.
SCRATCH = ALCOVE_HOME=$(CURDIR)/build/home

# Where the environment forbids compiled files, every process that tests start would compile a thousand modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run test check format-check lint types imports routes-check migrations-check bench \
	setup format routes lock release clean

##@ Use it

help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2} END {print ""}' $(MAKEFILE_LIST)

run: .venv/.run $(FONTS)/.cut  ## Set up, load the demo practice once, serve on https://localhost:8443
	@exec $(BIN)/alcove run

##@ Change it

setup: .venv/.dev $(FONTS)/.cut  ## Install everything that tests and checks need into .venv

test: setup  ## Run all tests; PARTS="sqlite postgresql browser" chooses, ARGS=… goes to pytest
	@$(PY) -m tests.run $(PARTS) -- $(ARGS)

check: format-check lint types imports routes-check migrations-check test  ## Run what CI runs: all below, then the tests

format-check: setup  ## Is the code formatted?
	$(BIN)/ruff format --quiet --check .

lint: setup  ## ruff, every rule; what is off says why in pyproject.toml
	$(BIN)/ruff check --quiet .

types: setup | build/home  ## mypy, strict
	$(SCRATCH) $(BIN)/mypy --no-error-summary

imports: setup  ## Imports go down only; no other room in an area
	$(BIN)/lint-imports --no-logo --cache-dir build/import-linter

routes-check: setup | build/home  ## Is routes.txt what the program does?
	$(SCRATCH) $(PY) -m alcove.project.routes --check

migrations-check: setup | build/home  ## Is no migration missing?
	$(SCRATCH) $(PY) -m django makemigrations --settings alcove.project.settings --check --dry-run

bench: setup  ## Run the benchmarks, each in a home of its own; BENCH="names reading" chooses
	@failed=0; for name in $(or $(BENCH),$(patsubst bench/%.py,%,$(shell grep -l __main__ bench/[a-z]*.py))); do \
		home=$$(mktemp -d); printf '\n== %s\n' $$name; \
		PYTHONPATH=$(CURDIR) ALCOVE_HOME=$$home $(PY) bench/$$name.py || failed=1; \
		rm -rf "$$home"; \
	done; exit $$failed

##@ Keep it

format: setup  ## Format the code and apply what ruff can mend by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

routes: setup | build/home  ## Write routes.txt: every URL, method and right, for review in a diff
	$(SCRATCH) $(PY) -m alcove.project.routes

lock: setup  ## Write the two lock files anew, with hashes and without any host name
	$(LOCK) --upgrade --output-file requirements.lock
	$(LOCK) --upgrade --extra dev --constraint requirements.lock --output-file requirements-dev.lock

release: .venv/.run $(FONTS)/.cut  ## Make a release of the newest commit in build/release; RELEASE_KEY_FILE=… signs it
	@$(PY) -m alcove.project.release

clean:  ## Remove .venv, caches and build files; a practice in var/ stays
	rm -rf .venv build alcove.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache $(FONTS)
	find alcove tests bench -name __pycache__ -prune -exec rm -rf {} +

# What is made once ------------------------------------------------------------------------------------------------

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' || \
		{ echo "Alcove needs Python 3.11 or 3.12; say which with: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip .venv

.venv/.run: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing what Alcove runs on, by hash. The first time takes a minute."
	@$(INSTALL) requirements.lock
	@$(OURSELVES)
	@touch $@

.venv/.dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "Installing what tests and checks need, by hash. The first time takes two minutes."
	@$(INSTALL) requirements-dev.lock
	@$(OURSELVES)
	@touch .venv/.run $@

$(FONTS)/.cut: alcove/ui/fonts.py | .venv/.run
	@echo "Cutting the fonts."
	@$(PY) -m alcove.ui.fonts $(FONTS)
	@touch $@

build/home:
	@mkdir -p $@
