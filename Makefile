# The same commands everywhere: on a laptop, in CI, in the image.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST_WORKERS ?= 2

.PHONY: help demo test check bench wheel clean docs
help:
	@echo "make demo    the service, a FHIR sandbox and an order-entry page on this machine"
	@echo "make test    every test, on the wheel as it is shipped"
	@echo "make check   lint, types, knowledge"
	@echo "make bench   the measurements"
	@echo "make docs    write the generated pages of docs/ anew"

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --upgrade pip

$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test,check]"
	touch $(STAMP)

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	test -e $(STAMP) || $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $(VENV)/.demo

demo: $(VENV)/.demo
	@exec $(BIN)/benzo-cds demo

test: $(STAMP)
	scripts/install-chromium
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) tests

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --diff . || true
	$(BIN)/mypy
	$(BIN)/benzo-cds knowledge check
	$(BIN)/python -m cds_service.pages --check

docs: $(STAMP)
	$(BIN)/python -m cds_service.pages

bench: $(STAMP)
	$(BIN)/python tests/bench.py

wheel: $(STAMP)
	$(BIN)/python -m build --wheel --outdir dist

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
