# Two commands do all set-up: `make demo` and `make test`. They need python3 (3.11 or newer) with venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: demo test bench bench-detectors proof lint table lock secrets clean

demo: $(VENV)/run
	@$(BIN)/loracity demo

test: $(VENV)/dev
	@sh tests/install-services.sh
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal

bench: $(VENV)/dev
	@sh tests/install-services.sh
	$(BIN)/python -m bench

# How good the detectors are, into the README.
bench-detectors: $(VENV)/dev
	$(BIN)/python -m bench.detectors --write

proof: $(VENV)/dev
	@sh tests/install-services.sh
	LORACITY_PROOF=1 $(BIN)/pytest -s tests/unit/gateway_bridge/test_fuzz_envelopes.py \
		tests/contract/test_fuzz_decoders.py tests/integration/test_hostile_codecs.py tests/integration/test_loss.py

lint: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# The table of devices in decoders/README.md.
table: $(VENV)/dev
	$(BIN)/python -m decoders.table

# The stamps say which lock file is installed; the package itself is installed from this folder.
$(VENV)/run: requirements.lock pyproject.toml | $(VENV)/bin/pip
	@echo "installing loracity into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/pip
	@echo "installing loracity and its tools into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/run

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "loracity needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "python3 -m venv failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		pyproject.toml --extra demo --group build -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		pyproject.toml --extra demo --group dev -c requirements.lock -o requirements-dev.lock

# Passwords for docker-compose.yml; what exists is kept.
secrets:
	@$(PYTHON) deploy/make_secrets.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
