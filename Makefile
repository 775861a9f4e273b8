# Two commands to begin with: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help install demo day test check bench torture clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

install: $(VENV)/.installed  ## make .venv and install requirements.txt into it

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

demo: install  ## run the TSA bot in paper mode, from data to e-mail (no account, no key, no network needed)
	PYTHONPATH=src $(BIN)/python src/kalshi/tsa_trading_bot.py --mode paper --order-weekdays all

day: install  ## live through one simulated trading day of the index scripts (DAY="--seed 3 --half-day" passes options on)
	KALSHI_MODE=paper PYTHONPATH=src $(BIN)/python -m kalshi.simulate_day $(DAY)

test: install  ## run all tests
	PYTHONPATH=src $(BIN)/python -m pytest

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

check: $(VENV)/.installed-dev  ## lint and type-check
	$(BIN)/ruff check src test bench
	$(BIN)/mypy

bench: install  ## measure; the figures of bench/README.md come from here
	PYTHONPATH=src $(BIN)/python bench/run_all.py

KILLS ?= 1000
torture: install  ## kill real scripts KILLS times (default 1000) and compare both sides; SEED=n, POSTGRESQL=1
	$(BIN)/python test/torture/campaign.py --kills $(KILLS) $(if $(SEED),--seed $(SEED)) $(if $(POSTGRESQL),--postgresql)

clean:  ## remove the virtual environment and tool caches (never data, reports or state)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
