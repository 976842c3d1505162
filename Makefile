# The same verbs on a desk and in CI. PYTHON picks the interpreter of the virtual environment: 3.11 or later.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
STAMP := $(VENV)/.installed
# Other people's readers from npm, where this machine has it; tests that need them are skipped where it has not.
NODE := $(if $(shell command -v npm),tests/node/node_modules/.installed)

.PHONY: demo test browser check bench bench-locust docs format clean

demo: $(RUNS)  ## two models, 3 : 1, against the local emulator, for about 15 s
	$(BIN)/asyncload demo

test: $(STAMP) $(NODE) browser  ## every test; those of the pages in a real Chromium, unless ASYNCLOAD_NO_BROWSER=1
	$(BIN)/pytest

browser:  ## Chromium for the tests of the pages: installed if there is none
	@if [ "$(ASYNCLOAD_NO_BROWSER)" = 1 ]; then echo "ASYNCLOAD_NO_BROWSER=1: the pages are not tested"; \
	elif command -v chromium || command -v chromium-browser || command -v google-chrome; then :; \
	elif command -v apt-get > /dev/null; then \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		$$sudo apt-get update -q && $$sudo apt-get install -y -q chromium; \
	else \
		echo "the tests of the pages need Chromium on PATH: install it, or say ASYNCLOAD_NO_BROWSER=1" >&2; exit 1; \
	fi

check: $(STAMP)  ## lint, types, import direction
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)  ## every figure of README and bench/RESULTS.md; needs nginx, wrk, tcpdump and a quiet hour;
                 ## BENCH=--quick takes ten minutes and is not to be believed
	$(BIN)/pip install --quiet --group bench
	$(BIN)/python -m bench $(BENCH)

bench-locust: $(STAMP)  ## asyncload beside Locust, into bench/RESULTS.md; needs nginx, tcpdump and twelve quiet minutes;
                        ## BENCH=--quick takes four minutes and only prints
	$(BIN)/pip install --quiet --group bench
	$(BIN)/python -m bench locust-cpu locust-truth locust-stall locust-wire $(or $(BENCH),--out bench/RESULTS.md)

docs: $(STAMP)  ## references that are generated from the code
	$(BIN)/python docs/generate.py

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# What a run needs; then what developing needs besides.
$(RUNS): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(STAMP): $(RUNS)
	$(BIN)/pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --editable . --group dev
	touch $@

tests/node/node_modules/.installed: tests/node/package.json
	npm install --prefix tests/node --silent
	touch $@

clean:
	rm -rf $(VENV) tests/node/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
