# make run     set up, then the window on a Local AWS (ARGS="--profile P" for a real account)
# make test    set up, then every check that CI runs
# make bench   start-up and other figures, as ratios against a peer in the same run
# make lock    resolve the dependencies again and write the locks

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?= --local

.PHONY: run test check setup types tests bench tour lock wheel clean

run:
	@$(PYTHON) packaging/bootstrap.py run
	@if [ "$$(uname)" = Linux ] && [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		echo "There is no screen here, so LambdaDesk does its main job offscreen and takes pictures of it."; \
		exec $(BIN)/lambdadesk --tour build/tour; \
	else \
		exec $(BIN)/lambdadesk $(ARGS); \
	fi

tour:
	@$(PYTHON) packaging/bootstrap.py run
	@$(BIN)/lambdadesk --tour build/tour

# The types are checked beside the tests, four of which run at a time also on two cores, since many wait.
test: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory -j 2 types tests

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory types

setup:
	@$(PYTHON) packaging/bootstrap.py test

types:
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# Bytecode is made once, not again by each process of the tests and each that they start.
tests: export PYTHONDONTWRITEBYTECODE =
tests:
	@$(BIN)/python -m pytest --collect-only -qq > /dev/null || true
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder

bench:
	@$(PYTHON) packaging/bootstrap.py test
	@$(BIN)/python -m benchmarks

# awscli pins its own botocore, so it lives in an environment of its own (see benchmarks/).
UV_COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links --quiet --constraints packaging/constraints.txt

lock:
	@$(PYTHON) packaging/bootstrap.py test
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --group lock
	@$(UV_COMPILE) --upgrade pyproject.toml --extra local --group dev -o packaging/requirements-dev.txt
	@$(UV_COMPILE) --upgrade pyproject.toml --extra local --group build -o packaging/requirements.txt
	@$(UV_COMPILE) --upgrade --group bench -o packaging/requirements-bench.txt

wheel:
	@$(PYTHON) packaging/bootstrap.py test
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
