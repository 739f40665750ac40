# What a newcomer and CI call. `make` alone lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup run serve test bench check docs format clean

export SAM_CLI_TELEMETRY := 0

VENV := .venv
SAM := .tools/sam
CLOUD := .tools/cloud
RUNTIME := .tools/runtime
# Given on the command line, or looked for when an environment has to be made.
PYTHON ?= $$(sh local/find-python.sh)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/ready $(SAM)/ready $(CLOUD)/ready $(RUNTIME)/ready ## make the environments (the others call it)

run: setup ## show hooklog at work in a local cloud; KEEP=1 leaves it up
	@$(VENV)/bin/python -m local.demo $(if $(KEEP),--keep)

serve: setup ## a local cloud and space for `sam local invoke`, until Ctrl-C
	@$(VENV)/bin/python -m local.serve $(if $(ADDRESS),--address $(ADDRESS))

test: setup ## run all tests; ARGS="-k store" picks some
	@$(VENV)/bin/python -m pytest $(if $(ARGS),$(ARGS),--cov --cov-report=term)

bench: setup ## measure a batch of a hundred logs
	@PYTHONPATH=layers/hooklog $(VENV)/bin/python -m bench.batch

check: setup ## ruff, mypy, sam validate
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@AWS_DEFAULT_REGION=us-east-1 $(SAM)/bin/sam validate --lint

docs: setup ## write the generated pages anew
	@PYTHONPATH=layers/hooklog $(VENV)/bin/python -m local.docs

format: setup ## let ruff format and fix
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

clean: ## remove environments, builds and caches
	rm -rf $(VENV) .tools .aws-sam .local .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage

# $(1): directory, $(2): requirements, $(3): what it is
define environment
	@echo "Setting up $(3) (once, a minute or so) …"
	@python=$(PYTHON) && test -n "$$python" && rm -rf $(1) && "$$python" -m venv $(1)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check -r $(2)
endef

$(VENV)/ready: requirements.txt layers/dependencies/requirements.txt pyproject.toml
	$(call environment,$(VENV),requirements.txt,the project's Python environment)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(SAM)/ready: local/requirements-sam.txt
	$(call environment,$(SAM),local/requirements-sam.txt,the SAM CLI)
	@touch $@

$(CLOUD)/ready: local/requirements-cloud.txt
	$(call environment,$(CLOUD),local/requirements-cloud.txt,the local cloud)
	@touch $@

$(RUNTIME)/ready: local/requirements-runtime.txt
	$(call environment,$(RUNTIME),local/requirements-runtime.txt,Lambda's runtime interface client)
	@touch $@
