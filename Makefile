# `make demo` shows the hub, `make test` and `make check` prove it. Each installs what it needs into .venv first.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PY := $(VENV)/bin/python
RUN_PINS := requirements.txt requirements-sandbox.txt
DEV_PINS := $(RUN_PINS) requirements-dev.txt
RUN_STAMP := $(VENV)/.run-$(shell cat $(RUN_PINS) | cksum | cut -d' ' -f1)
DEV_STAMP := $(VENV)/.dev-$(shell cat $(DEV_PINS) | cksum | cut -d' ' -f1)

.PHONY: help demo demo-clean test check bench chaos screenshots lock clean simulate sweep mutants machine

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

demo: $(RUN_STAMP) ## both pretend systems, the hub and its worker, and a first sync
	@DEBUG=1 exec $(PY) manage.py demo

demo-clean: ## remove what the demo made
	@if [ -e $(RUN_STAMP) ]; then DEBUG=1 $(PY) manage.py demo --clean; else rm -rf .demo; fi
	@echo "The demo's files are gone."

test: $(DEV_STAMP) ## run every test this machine can run
	@$(PY) -m pytest -n 2 --dist loadfile

simulate: $(DEV_STAMP) ## whole lives of the hub under faults: SEEDS=300 FIRST_SEED=1, ADMINISTRATORS=1 acts on the hub too
	@PYTHONHASHSEED=0 $(PY) -m tests.simulation --seeds $(or $(SEEDS),300) --first $(or $(FIRST_SEED),1) $(if $(ADMINISTRATORS),--administrators)

sweep: $(DEV_STAMP) ## one fault at every point of every scenario: STRIDE=1 for all of them, FAULT=crash,database for some kinds
	@PYTHONHASHSEED=0 $(PY) -m tests.simulation.sweep --stride $(or $(STRIDE),7) --fault "$(FAULT)"

mutants: $(DEV_STAMP) ## whether planted defects of the engine are caught: SEEDS=1000
	@PYTHONHASHSEED=0 $(PY) -m tests.simulation.hunt --seeds $(or $(SEEDS),1000)

machine: $(DEV_STAMP) ## hypothesis tells stories, and shrinks what goes wrong: STORIES=300
	@PYTHONHASHSEED=0 STORIES=$(or $(STORIES),300) $(PY) -m pytest -q tests/simulation/test_machine.py

check: $(DEV_STAMP) ## format, lint, types, import contracts, migrations, deployment settings
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" .ci/check

chaos: $(DEV_STAMP) ## kill real workers under load: KILLS=200 SEED=1 DATABASE=sqlite|postgres|both
	@$(PY) -m tests.chaos --kills $(or $(KILLS),200) --seed $(or $(SEED),1) --database $(or $(DATABASE),both)

bench: $(DEV_STAMP) ## measure what bench/ measures
	@DEBUG=1 $(PY) -m bench

screenshots: $(DEV_STAMP) ## take the pictures of the docs anew; needs Chromium
	@$(PY) -m tests.e2e.screenshots

lock: $(DEV_STAMP) ## show which pinned requirements have newer versions
	@$(PY) -m pip list --outdated --not-required --disable-pip-version-check

clean: demo-clean ## remove the virtual environment and every cache
	@rm -rf $(VENV) staticfiles .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@.ci/venv $(VENV)

$(RUN_STAMP): $(PY)
	@.ci/install $(PY) requirements.txt requirements-sandbox.txt
	@rm -f $(VENV)/.run-* && touch $@

$(DEV_STAMP): $(PY)
	@.ci/install $(PY) requirements-dev.txt
	@rm -f $(VENV)/.dev-* $(VENV)/.run-* && touch $@ $(RUN_STAMP)
