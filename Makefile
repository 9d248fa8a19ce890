# `make demo` and `make test` need nothing but Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= runs/demo

.PHONY: demo test lint bench browser web clean

demo: $(VENV)/.installed
	@# A demo that was stopped goes on where it stood.
	if [ -e $(DEMO)/recipe.json ]; then $(BIN)/ganache resume $(DEMO); \
	else $(BIN)/ganache train dcgan --data digits --images 150k --seed 0 --out $(DEMO); fi
	@echo "look at $(DEMO)/progress.webp and the newest picture in $(DEMO)/samples/"

test: lint
	$(BIN)/pytest -n auto

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Chromium, in which pages are tested; where there is none those tests are skipped.
APT := $(if $(filter 0,$(shell id -u)),,sudo) apt-get -o Acquire::Retries=0 -o Acquire::http::Timeout=20
browser:
	@command -v chromium || { { $(APT) update && $(APT) install -y chromium; } >/dev/null && command -v chromium; } || \
	{ echo "chromium cannot be installed here by apt-get: install it in another way" >&2; exit 1; }

# onnxruntime-web, which draws in an exported page: fetched by npm, known by its checksums, never committed.
web: $(VENV)/.installed
	$(BIN)/python -m ganache.web.export.runtime

# On a machine that does nothing else; half an hour on two slow cores.
bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks.speed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@# torch first and alone: asked for later, a bare requirement could bring gigabytes of CUDA.
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
