# What a newcomer and CI call. `make` alone lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup run serve test fuzz bugs mutation load bench check docs lock sbom audit format wheel clean

export SAM_CLI_TELEMETRY := 0
# Some images set it, and each of hundreds of processes would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
SAM := .tools/sam
CLOUD := .tools/cloud
RUNTIME := .tools/runtime
AUDIT := .tools/audit
SUPPLY := .tools/supply
FUZZ := .tools/fuzz
# Given on the command line, or looked for when an environment has to be made.
PYTHON ?= $$(sh local/find-python.sh)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/ready $(SAM)/ready $(CLOUD)/ready $(RUNTIME)/ready ## make the environments (the others call it)

run: setup ## show hooklog at work in a local cloud; KEEP=1 leaves it up
	@$(VENV)/bin/python -m local.demo $(if $(KEEP),--keep)

serve: setup ## a local cloud and space for `sam local invoke`, until Ctrl-C
	@$(VENV)/bin/python -m local.serve $(if $(ADDRESS),--address $(ADDRESS))

# A full run waits much of the time, so two processors carry four processes; what ARGS picks gets as
# many as there are processors.
test: setup ## run all tests; ARGS="-k store" picks some, JOBS=1 runs them in one process
	@$(VENV)/bin/python -m pytest --dist loadfile --no-loadscope-reorder \
		-n $(or $(JOBS),$(if $(ARGS),auto,4)) $(if $(ARGS),$(ARGS),--cov --cov-report=term)

fuzz: $(VENV)/ready $(FUZZ)/ready ## look long for inputs and courses that break a property
	@$(VENV)/bin/python -m pytest tests/properties --hypothesis-profile=fuzz
	@PYTHONPATH=layers/hooklog $(FUZZ)/bin/python -m tests.properties.fuzz_front_door \
		$(or $(REQUESTS),100000)

bugs: setup ## put deliberate bugs into copies, and see the tests find each
	@$(VENV)/bin/python -m tests.bugs $(ARGS)

mutation: setup ## make small changes to the package, one at a time; SAMPLE=40 tries a few
	@$(VENV)/bin/python -m tests.mutation $(if $(ONLY),--only '$(ONLY)') \
		$(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SINCE),--since $(SINCE)) $(if $(SEED),--seed $(SEED))
	@$(if $(SAMPLE)$(SINCE),,$(MAKE) --no-print-directory docs)

load: setup ## send thousands of messages through the local stack; N=2000 logs is quick
	@$(VENV)/bin/python -m local.load $(N) $(if $(RATE),--rate $(RATE)) \
		$(if $(OPEN),--open $(OPEN)) $(if $(OUTAGE),--outage $(OUTAGE)) \
		$(if $(BACKFILL),--backfill)
	@$(if $(N)$(RATE)$(OPEN)$(OUTAGE)$(BACKFILL),,$(MAKE) --no-print-directory docs)

bench: setup ## compare hooklog with what one would write instead; SHORT=1 is quick
	@PYTHONPATH=layers/hooklog $(VENV)/bin/python -m bench $(if $(SHORT),--short)
	@$(if $(SHORT),,$(MAKE) --no-print-directory docs)

check: setup ## ruff, mypy for Linux and macOS, sam validate, zizmor
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/mypy --platform darwin --cache-dir .mypy_cache/darwin
	@AWS_DEFAULT_REGION=us-east-1 $(SAM)/bin/sam validate --lint
	@$(VENV)/bin/zizmor --quiet --offline --persona pedantic .github/workflows

docs: setup ## update the generated parts of docs/, from the code and the kept measurements
	@PYTHONPATH=layers/hooklog $(VENV)/bin/python -m local.event_docs
	@PYTHONPATH=layers/hooklog $(VENV)/bin/python -m cogapp -rP --verbosity=1 docs/*.md

format: setup ## let ruff format and fix
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

# Each is written from the file beside it that ends in `.in`. The order counts: what the functions
# import decides for the rest.
LOCKED := layers/dependencies/requirements.txt requirements.txt \
	$(patsubst %.in,%.txt,$(wildcard local/requirements-*.in))

# Where `make run` has to work. cryptography has no wheel for Macs with an Intel processor any more;
# the fuzzer has one for Linux on x86-64 only.
PLATFORMS := x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu aarch64-apple-darwin

lock: $(SUPPLY)/ready ## pin all dependencies with hashes; UPGRADE=1 takes newer indirect ones
	@set -e; for file in $(LOCKED); do \
		echo "$$file"; \
		$(UV) pip compile --quiet --system-certs --universal --python-version 3.13 \
			--generate-hashes --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) \
			"$${file%.txt}.in" -o "$$file"; \
	done
	@set -e; for file in $(filter-out local/requirements-fuzz.txt,$(LOCKED)); do \
		for platform in $(PLATFORMS); do \
			$(UV) pip install --quiet --system-certs --python $(SUPPLY)/bin/python --dry-run \
				--target .local/wheels --python-platform "$$platform" $(PINNED) -r "$$file" || \
				{ echo "$$file cannot be installed on $$platform." >&2; exit 1; }; \
		done; \
	done

# From an environment with nothing in it but what is deployed.
SBOM ?= .local/sbom.json
sbom: $(SUPPLY)/ready ## write the bill of materials of what is deployed; SBOM=file says where
	@mkdir -p $(dir $(SBOM)) && rm -rf .local/deployed
	@$(SUPPLY)/bin/python -m venv --without-pip .local/deployed
	@$(SUPPLY)/bin/python -m pip --python .local/deployed install --no-compile $(PIP_OPTIONS) \
		-r layers/dependencies/requirements.txt
	@$(SUPPLY)/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application \
		--output-reproducible --output-file $(SBOM) .local/deployed
	@rm -rf .local/deployed
	@echo "wrote $(SBOM)"

audit: $(SAM)/ready $(AUDIT)/ready ## look for weaknesses in the template with checkov
	@mkdir -p .local
	@$(SAM)/bin/python local/translate_template.py > .local/translated.json
	@$(AUDIT)/bin/checkov --config-file .checkov.yaml --file .local/translated.json

wheel: setup ## build the command line as a package in dist/, for pip, pipx and uv
	@$(VENV)/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

clean: ## remove environments, builds and caches
	rm -rf $(VENV) .tools .aws-sam .local dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage

# Only what has the hashes of the files, and no package that runs code of its own to be installed.
PINNED := --require-hashes --only-binary :all:
PIP_OPTIONS := --quiet --disable-pip-version-check $(PINNED)
UV := $(SUPPLY)/bin/uv

# $(1): directory, $(2): requirements, $(3): what it is
define environment
	@echo "Setting up $(3) (once) …"
	@python=$(PYTHON) && test -n "$$python" && rm -rf $(1) && "$$python" -m venv $(1)
	@$(UV) pip install --quiet --system-certs --python $(1)/bin/python $(PINNED) -r $(2)
endef

$(VENV)/ready: requirements.txt layers/dependencies/requirements.txt pyproject.toml | $(SUPPLY)/ready
	$(call environment,$(VENV),requirements.txt,the project's Python environment)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation -e .
	@touch $@

$(SAM)/ready: local/requirements-sam.txt | $(SUPPLY)/ready
	$(call environment,$(SAM),local/requirements-sam.txt,the SAM CLI)
	@touch $@

$(CLOUD)/ready: local/requirements-cloud.txt | $(SUPPLY)/ready
	$(call environment,$(CLOUD),local/requirements-cloud.txt,the local cloud)
	@touch $@

$(RUNTIME)/ready: local/requirements-runtime.txt | $(SUPPLY)/ready
	$(call environment,$(RUNTIME),local/requirements-runtime.txt,Lambda's runtime interface client)
	@touch $@

$(AUDIT)/ready: local/requirements-audit.txt | $(SUPPLY)/ready
	$(call environment,$(AUDIT),local/requirements-audit.txt,checkov)
	@touch $@

$(FUZZ)/ready: local/requirements-fuzz.txt | $(SUPPLY)/ready
	$(call environment,$(FUZZ),local/requirements-fuzz.txt,the fuzzer)
	@touch $@

# Installed by pip, because it brings uv, which installs everything else in half the time.
$(SUPPLY)/ready: local/requirements-supply.txt
	@echo "Setting up what installs, pins and lists the dependencies (once) …"
	@python=$(PYTHON) && test -n "$$python" && rm -rf $(SUPPLY) && "$$python" -m venv $(SUPPLY)
	@$(SUPPLY)/bin/python -m pip install $(PIP_OPTIONS) -r $<
	@touch $@
