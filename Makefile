# The same commands everywhere: on a laptop, in CI, in the image.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Folders as well: a file that is removed changes its folder alone.
SOURCES := $(shell find rules cds_service fhir_fixtures -not -name '*.pyc' -not -name __pycache__)
PYTEST_WORKERS ?= 2

# The folders of tests/, each with a target of its own: `make test-spec`.
AREAS := spec property corpus service acceptance architecture pages

.PHONY: help demo quick fix test test-spec test-property test-corpus test-service test-acceptance test-architecture test-pages attack attack-presence fuzz mutants check bench docs sbom image wheel clean
help:
	@echo "make demo    the service, a FHIR sandbox and an order-entry page, on this machine alone (DEMO_PORT=0: any free port)"
	@echo "make quick   lint, and the tests of spec, acceptance and rooms on the checkout"
	@echo "make fix     write the format and the safe corrections of lint"
	@echo "make test    every test, on the wheel as it is shipped"
	@echo "make test-X  one folder of tests on the checkout: $(AREAS)"
	@echo "make attack  2,000 generated requests to every address, and new examples for the laws of tests/property"
	@echo "make attack-presence  20,000 pairs of harmless changes to requests that warn, and what became of the warnings"
	@echo "make fuzz    texts that the sig parser may fail on, sought for FUZZ_SECONDS (3600)"
	@echo "make mutants small changes of the rules that no test notices, sought for MUTANTS_SECONDS (3600)"
	@echo "make check   lint, types, knowledge, generated pages"
	@echo "make bench   the measurements, into docs/speed.md"
	@echo "make sbom    the bill of materials of what is installed, CycloneDX, in dist/"
	@echo "make image   the image of the service, with Debian's tools and as root, and its tests"
	@echo "make docs    write the generated pages of docs/ anew"

$(VENV)/.run: constraints.txt pyproject.toml
	@scripts/python-version $(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON))
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt --upgrade pip setuptools wheel
	$(PIP) install --constraint constraints.txt $$($(BIN)/python scripts/requirements.py)
	touch $@

$(VENV)/.develop: $(VENV)/.run
	$(PIP) install --constraint constraints.txt $$($(BIN)/python scripts/requirements.py test check)
	touch $@

# The wheel, not the checkout, is what runs and what is tested. An old build folder would smuggle removed files in.
$(VENV)/.installed: $(VENV)/.run $(SOURCES) README.md LICENSE
	rm -rf build dist
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .
	$(PIP) install --no-deps --force-reinstall dist/*.whl
	rm -rf build *.egg-info
	touch $@

wheel: $(VENV)/.installed

demo: $(VENV)/.installed
	@exec $(BIN)/benzo-cds demo $(if $(DEMO_PORT),--port $(DEMO_PORT))

# What a new module, finding or import most often breaks.
QUICK := test_rooms.py test_findings_are_complete.py

quick: $(VENV)/.develop
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/pytest --quiet tests/spec tests/acceptance $(QUICK:%=tests/architecture/%)

fix: $(VENV)/.develop
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(AREAS:%=test-%): test-%: $(VENV)/.develop
	$(BIN)/pytest -n $(PYTEST_WORKERS) --dist loadfile tests/$*

# Without the checkout on Python's path the wheel is tested; tests/architecture/test_wheel.py proves it.
test: $(VENV)/.develop $(VENV)/.installed
	scripts/install-chromium || echo "Without Chromium the tests of the pages are skipped." >&2
	scripts/install-postgresql || echo "Without PostgreSQL the tests of a store in it are skipped." >&2
	scripts/install-prometheus || echo "Without promtool the tests of the alerts are skipped." >&2
	scripts/install-nginx || echo "Without nginx the tests of the proxy are skipped." >&2
	scripts/independent-fhir-server prepare || echo "Without HAPI FHIR the tests against a server not ours are skipped." >&2
	$(BIN)/pytest -o pythonpath= -n $(PYTEST_WORKERS) --dist loadfile tests

attack: $(VENV)/.develop $(VENV)/.installed
	BENZO_CDS_TEST_EXAMPLES=2000 $(BIN)/pytest -o pythonpath= -n $(PYTEST_WORKERS) --hypothesis-profile=explore \
		tests/service/test_openapi.py tests/service/test_attacks.py tests/property

# `make test` takes a tenth of them.
attack-presence: $(VENV)/.develop $(VENV)/.installed
	BENZO_CDS_PRESENCE_EXAMPLES=20000 $(BIN)/pytest -o pythonpath= --quiet -s tests/property/test_presence_attacks.py

# Not part of `make test`: it ends by the clock, and its engine is not built for every version of Python.
FUZZ_SECONDS ?= 3600
fuzz: $(VENV)/.develop $(VENV)/.installed
	$(PIP) install --constraint constraints.txt $$($(BIN)/python scripts/requirements.py fuzz)
	$(BIN)/python tests/fuzz.py .fuzz $(FUZZ_SECONDS)

# Not part of `make test`: it ends by the clock. Of all folders of rules/: MUTANTS=rules.
MUTANTS_SECONDS ?= 3600
MUTANTS ?= rules/load rules/timeline rules/findings rules/reading/dosage
mutants: $(VENV)/.develop
	$(PIP) install --constraint constraints.txt $$($(BIN)/python scripts/requirements.py mutants)
	$(BIN)/python tests/mutants.py $(MUTANTS) --seconds $(MUTANTS_SECONDS)

sbom: $(VENV)/.develop $(VENV)/.installed
	mkdir -p dist
	$(BIN)/python scripts/sbom.py > dist/benzo-cds.cdx.json

# Not part of `make test`: it makes a base image from Debian's packages, and takes a minute or two.
image: $(VENV)/.develop
	scripts/build-image
	BENZO_CDS_TEST_IMAGE=localhost/benzo-cds:latest $(BIN)/pytest --quiet tests/service/test_image.py

check: $(VENV)/.develop $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/benzo-cds knowledge check
	$(BIN)/python -m cds_service.commands.documentation.docs_pages --check --docs docs
	$(BIN)/python tests/validation --check --docs docs

docs: $(VENV)/.develop $(VENV)/.installed
	$(BIN)/python -m cds_service.commands.documentation.docs_pages --docs docs
	$(BIN)/python tests/validation --docs docs

bench: $(VENV)/.develop $(VENV)/.installed
	$(BIN)/python tests/bench --write docs/speed.md

clean:
	rm -rf .image .tools $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
