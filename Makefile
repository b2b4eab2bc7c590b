# make app      open the app
# make test     lint and all tests
# make lint     ruff and mypy
# make .venv    only the environment
# make models   train the checkpoints that ship again, from three seeds, and take the best-validated
#               (two and a half hours on two cores; goes on where it was stopped)
# make pictures README's pictures from the running app
# make space KIND=streamlit DEST=../space   a folder to push as a Hugging Face Space; or gradio, zerogpu
PYTHON ?= python3
BIN := .venv/bin

.PHONY: app test lint models pictures space .venv

app: .venv/installed
	$(BIN)/streamlit run app.py

test: .venv/installed lint
	$(BIN)/python -m pytest

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

models: .venv/installed
	for seed in 0 1 2; do for loss in arcface norm-softmax softmax; do \
	  run=runs/$$loss-$$seed; \
	  [ -f $$run/$$loss.safetensors ] && continue; \
	  resume=$$([ -f $$run/state.safetensors ] && echo --resume); \
	  $(BIN)/python train.py recipes/$$loss.toml --seed $$seed --output $$run $$resume || exit 1; \
	done; done
	$(BIN)/python evaluate.py seeds

pictures: .venv/installed
	$(BIN)/python -m tests.browser.pictures

space: .venv/installed
	$(BIN)/python -m hosting.build $(KIND) $(DEST)

.venv: .venv/installed

.venv/installed: requirements.txt requirements-dev.txt requirements-reference.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
