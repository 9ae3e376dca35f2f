# `make` alone lists the targets. Nothing is needed but Python 3.11+ (with venv) and make; the rest goes into .venv.

PYTHON ?=
SELECT ?=
ICS ?=
CSV ?=
ARGS ?=

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 3
PARALLEL = -n $(WORKERS) --dist worksteal    # one more than the cores of a small machine: tests wait, too
INPUTS := pyproject.toml constraints.txt tools/setup.sh
CODE := $(wildcard src tests tools benchmarks examples)

export PYTHON ICS CSV
unexport PYTHONDONTWRITEBYTECODE    # tests and examples start many Pythons: each would compile everything anew

.DEFAULT_GOAL := help
.PHONY: help setup run run-orders test test-all check format bench soak docs constraints clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: .venv/ready-dev ## Make .venv with everything a developer needs

run: .venv/ready-run ## Show Crossdock at work: a pipeline, and what to do next (ICS=my.ics CSV=my.csv: of your own)
	@$(BIN)/python examples/warehouse/run.py $(if $(ICS),--ics "$$ICS") $(if $(CSV),--csv "$$CSV") $(ARGS)

run-orders: .venv/ready-run ## Likewise: orders from a CSV file through two consumers
	@$(BIN)/python examples/orders/run.py $(ARGS)

test: export CROSSDOCK_TEST_FOLDERS ?= memory
test: export CROSSDOCK_TEST_KILLS ?= 40
test: .venv/ready-dev ## Run the tests, but for the slow ones, in folders in memory where there are such
	$(PYTEST) $(PARALLEL) -m "not slow" $(ARGS)

test-all: WORKERS := 2    # kill tests hold promised times
test-all: export CROSSDOCK_TEST_KILLS ?= 1000
test-all: .venv/ready-dev ## Run all tests, the crash tests with 1,000 kills (SELECT="slow or scaled" picks by marker)
	$(PYTEST) $(PARALLEL) $(if $(SELECT),-m "$(SELECT)") $(ARGS)

check: .venv/ready-dev ## Check format, lint, types, import layers, sizes, generated files and documents
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/check_addresses.py
	$(BIN)/python tools/check_sizes.py
	@set -e; for tool in tools/generate_*.py; do echo "$$tool --check"; $(BIN)/python "$$tool" --check; done
	$(BIN)/zensical build --clean --strict

format: .venv/ready-dev ## Format the code, and mend what the linter can mend
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

bench: .venv/ready-dev ## Measure Crossdock beside its peers
	$(BIN)/python -m benchmarks $(ARGS)

soak: export CROSSDOCK_TEST_KILLS ?= 10000
soak: .venv/ready-dev ## Hours: 10,000 kills, half an hour of mixed load, ten million messages; stopped, it goes on where it was
	$(BIN)/python -m tests.crash.soak $(ARGS)

docs: .venv/ready-dev ## Build the documents into site/, and fail on a broken link
	$(BIN)/zensical build --clean --strict

constraints: .venv/ready-dev ## Renew constraints.txt: the newest versions that fit, for every Python we support
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --target .venv/uv uv
	printf 'pip\nhatchling\neditables\n' | .venv/uv/bin/uv pip compile --quiet --universal --upgrade \
		--python-version 3.11 --all-extras --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--output-file constraints.txt pyproject.toml -

clean: ## Remove what the tools made, but .venv
	rm -rf site dist build .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready-run: $(INPUTS)
	@sh tools/setup.sh api,http,task-priority
	@touch $@

.venv/ready-dev: $(INPUTS)
	@sh tools/setup.sh dev
	@touch $@ .venv/ready-run
