# Every target makes what it needs: a Python >= 3.11 and make are enough.
PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
HUB5 := .venv-hub5

.PHONY: demo test test-fast test-hub5 lint docs lock clean

# The whole product on this machine: embedded cluster, hub, proxy, an example university.
demo: $(VENV)/.demo
	@$(BIN)/tenantspawner demo $(ARGS)

# What decides: contracts, types, style, sizes, every test, and the hub's part once more on JupyterHub 5.5.
test: $(VENV)/.test $(HUB5)/.test
	$(BIN)/python -m tests.run $(ARGS)

# The pure packages alone, in seconds.
test-fast: $(VENV)/.test
	$(BIN)/pytest -q tests/kube tests/tenancy tests/policy tests/form tests/plan tests/observe tests/budget $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

docs: $(VENV)/.docs
	$(BIN)/sphinx-build -W -b html docs docs/_build/html

# One resolution for all platforms and extras; commit the result.
lock: $(VENV)/.test
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q --universal --all-extras --python-version 3.11 --no-header --upgrade pyproject.toml -o constraints.txt
	printf 'jupyterhub==5.5.0\n' > $(HUB5).in
	$(BIN)/uv pip compile -q --universal --all-extras --python-version 3.11 --no-header --no-annotate --upgrade \
		-c $(HUB5).in pyproject.toml -o constraints-hub5.txt
	rm -f $(HUB5).in

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("tenantspawner needs Python 3.11 or later; call make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[demo]'
	touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[demo,test,docs]'
	touch $@ $(VENV)/.demo $(VENV)/.docs

$(VENV)/.docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@

$(HUB5)/.test: pyproject.toml constraints-hub5.txt
	$(PYTHON) -m venv $(HUB5)
	$(HUB5)/bin/pip install -q --disable-pip-version-check -c constraints-hub5.txt -e '.[demo,test]'
	touch $@

clean:
	rm -rf $(VENV) $(HUB5) .mypy_cache .ruff_cache .pytest_cache docs/_build
