# A fresh machine needs make and Python 3.11 or newer; every target does the rest of its set-up itself.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
INSTALL := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet --editable
OUT ?= runs/demo

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint format bench docs dist clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST)

demo: $(VENV)/.core ## robustness report on scikit-learn's digits, in runs/demo
	$(BIN)/limes robustify --seeds 1 --out $(OUT)

# A process for each core: threads of linear algebra inside of each would only wait for one another.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder
NUMERICS := $(addprefix tests/,nets kernels linalg finite attacks certify)

test: $(VENV)/.test ## all tests but the slow ones, with programs compiled quickly
	$(PYTEST)

test-slow: $(VENV)/.test ## what takes long, and tests of numerics once more, with programs compiled as users have them
	$(PYTEST) --full-compilation -m slow
	$(PYTEST) --full-compilation $(NUMERICS)

lint: $(VENV)/.test docs ## formatting, lint, types, and that the documentation builds
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

format: $(VENV)/.test ## put the code into the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.core ## run the benchmarks; results go to benchmarks/results, tables to README.md and docs
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/table.py --write

docs: $(VENV)/.docs ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

dist: $(VENV)/.dist ## build wheel and sdist into dist/, and try the wheel on every Python from 3.11 on (PYTHONS names them)
	rm -rf dist
	$(BIN)/python -m build --quiet
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python tests/release/check_dist.py dist $(PYTHONS)

clean: ## remove what the targets made, runs/ excepted
	rm -rf $(VENV) site dist .pytest_cache .ruff_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for the environment and one for each set of dependencies, renewed when pyproject.toml changes.

$(VENV)/.made:
	@for python in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    "$$python" -m venv $(VENV) && touch $@; exit; \
	  fi; \
	done; \
	echo "limes needs Python 3.11 or newer, but $(PYTHON) is $$($(PYTHON) --version 2>&1 || true):" \
	  "install it, or name it, as in: make PYTHON=/path/to/python3.11" >&2; exit 1

$(VENV)/.core: $(VENV)/.made pyproject.toml
	@echo "Installing limes into $(VENV) ..."
	@$(INSTALL) . && touch $@

$(VENV)/.test $(VENV)/.docs $(VENV)/.dist: $(VENV)/.%: $(VENV)/.made pyproject.toml
	@echo "Installing limes and what '$*' needs into $(VENV) ..."
	@$(INSTALL) ".[$*]" && touch $@
