# make app    open the app            make lint    ruff and mypy
# make test   lint and all tests      make models  train the shipped checkpoints again (an hour; goes on where it was stopped)
# make .venv  only the environment        make picture README's picture from the running app
PYTHON ?= python3
BIN := .venv/bin

.PHONY: app test lint models picture .venv

app: .venv/installed
	$(BIN)/streamlit run app.py

test: .venv/installed lint
	$(BIN)/python -m pytest

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

models: .venv/installed
	for loss in softmax norm-softmax arcface; do \
	  resume=$$([ -f runs/$$loss/state.safetensors ] && echo --resume); \
	  $(BIN)/python train.py recipes/$$loss.toml $$resume && \
	  cp runs/$$loss/$$loss.safetensors assets/ || exit 1; \
	done

picture: .venv/installed
	$(BIN)/python -m tests.browser.picture

.venv: .venv/installed

.venv/installed: requirements.txt requirements-dev.txt requirements-reference.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
