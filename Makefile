# Every target first makes .venv and installs what it needs: `make demo` on a fresh clone is enough.
# Needs Python 3.11 or newer (or PYTHON=/path/to/python). Where packages come from is pip's and uv's own configuration.

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# One thread: results are the same on every machine, and small matrices gain nothing from more.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export TANDEM_DATA ?= ../shared/data

.PHONY: help demo test check fix bench validate pictures clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY)  ## simulate a walk, analyse it three ways, print the errors, write a report to out/demo
	$(BIN)/tandem demo --out out/demo

test: check  ## style, types, layers and all tests; first fetches weights and sample videos, once
	-$(BIN)/python -m tests.pose.fetch
	$(BIN)/python -m pytest -n auto --dist loadscope -p no:benchmark

check: $(READY)  ## style, types and layers only
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fix: $(READY)  ## format, and repair what can be repaired mechanically
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## measure speed, print the table and write docs/performance.md
	@mkdir -p out
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-quiet --benchmark-json=out/benchmark.json -q
	$(BIN)/python -m benchmarks.table out/benchmark.json docs/performance.md

validate: $(READY)  ## accuracy on the data in $(TANDEM_DATA); writes docs/validation.md and docs/screening.md
	@mkdir -p out
	$(BIN)/python -m tests.validation --data $(TANDEM_DATA) --json out/validation.json --md docs/validation.md
	$(BIN)/python -m tests.validation.screening --data $(TANDEM_DATA) --json out/screening.json --md docs/screening.md

pictures: demo  ## draw the pictures of README from the demo's report; needs pdftoppm (poppler-utils)
	pdftoppm -r 80 -png -singlefile -f 1 -l 1 out/demo/report.pdf docs/images/report_page_1
	pdftoppm -r 110 -png -singlefile -f 4 -l 4 -x 50 -y 78 -W 820 -H 335 out/demo/report.pdf docs/images/fused_against_camera

clean:  ## remove the environment, caches and outputs
	rm -rf $(VENV) .cache out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found. Install it or set PYTHON=."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --quiet --upgrade pip uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[report,pose]' --group dev \
		|| $(BIN)/python -m pip install --quiet --editable '.[report,pose]' --group dev
	@touch $@
