# The same targets by hand and in CI. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
N ?= 40
SEED ?= 1
CLUSTER := tests/cluster/kubernetes
WORKERS ?= $(shell echo $$((3 * $$(getconf _NPROCESSORS_ONLN)))) # tests wait half of their time
export PYTHONDONTWRITEBYTECODE :=
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help setup wheels demo check test format stores helm golden reference lock dist cluster-up cluster-down image cluster faults soak scale fuzz audit record explore bench clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.ready ## Make .venv with podlane and every tool, pinned by requirements.lock

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

lock: ## Write requirements.lock anew from pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --extra dev --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --extra gcs --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --constraint requirements.lock --output-file requirements-core.lock pyproject.toml

wheels: setup ## Write the list of wheels by which the image can be built for arm64
	@set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	$(BIN)/python -m pip download --quiet --no-deps --require-hashes --only-binary :all: --python-version 3.11 --implementation cp \
	  --platform manylinux_2_28_aarch64 --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 --dest "$$folder" -r requirements-core.lock; \
	(cd "$$folder" && sha256sum -- *.whl) >image/wheels-arm64.txt

demo: setup ## Run a sample project through podlane local, in a copy
	@set -e; folder=$$(mktemp -d "$${TMPDIR:-/tmp}/podlane-demo.XXXXXX"); \
	cp -R examples/demo/. "$$folder"; \
	podlane="$(CURDIR)/$(BIN)/podlane"; \
	cd "$$folder"; git init -q .; \
	"$$podlane" local; \
	printf '%s\n' "" "The sample project: $$folder" \
	  "  logs:      $$folder/.podlane/logs/" "  artifacts: $$folder/.podlane/artifacts/" \
	  "Run next:" "  cd $$folder" "  $$podlane local --list" "  $$podlane local publish" \
	  "  $$podlane local            # the second run finds the cache"

check: setup ## Format, lint, types, import contracts, structure
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -p no:randomly tests/structure

test: setup ## All tests that need no root, no cluster and no Go
	$(BIN)/pytest -n $(WORKERS) --dist worksteal tests --ignore tests/cluster --ignore tests/structure --ignore tests/bench

stores: setup ## Build and install the object stores of the tests (Go, Node), once
	PYTHONPATH=tests $(BIN)/python -m stores

helm: setup ## Build the helm that the chart's tests run (Go), once
	PYTHONPATH=tests $(BIN)/python -m helm

golden: setup ## Write the results of the golden cases anew; review the difference
	$(BIN)/python tests/golden/cases.py

reference: setup ## Write docs/reference/config, the chart's, and the manual page anew from the code; review the difference
	PYTHONPATH=tests $(BIN)/python tests/reference/pages.py
	PYTHONPATH=tests $(BIN)/python -m helm.catalogue

dist: setup ## Build the wheel and the sdist into dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .

cluster-up: ## Start a real one-node Kubernetes here (root, Linux, Go); the last line is its kubeconfig
	@$(CLUSTER)/up

cluster-down: ## Stop it
	@$(CLUSTER)/up down

image: setup cluster-up ## Load podlane:dev and debian-git:1 into it
	@$(CLUSTER)/image

cluster: image stores helm ## Run the suite of the real cluster
	KUBECONFIG="$$($(CLUSTER)/up 2>/dev/null | tail -n 1)" && export KUBECONFIG && \
	  $(BIN)/pytest -n 3 --dist worksteal -m "not alone" tests/cluster && \
	  $(BIN)/pytest -p no:randomly -m alone tests/cluster

faults: image stores ## Play the fault suite on the real cluster
	KUBECONFIG="$$($(CLUSTER)/up 2>/dev/null | tail -n 1)" && export KUBECONFIG && \
	  $(BIN)/pytest -n 3 --dist worksteal tests/cluster/test_faults.py

audit: setup ## Ask for advisories on what the lock files pin
	PYTHONPATH=tests $(BIN)/python -m audit

fuzz: setup ## Throw odd jobs, configs, archives and logs at podlane: SECONDS_EACH=20
	PYTHONPATH=tests SECONDS_EACH=$(or $(SECONDS_EACH),20) $(BIN)/python -m fuzz

scale: setup cluster-up ## Measure a manager with many jobs on nodes that are not there: JOBS="1000 5000"
	PYTHONPATH=tests JOBS="$(or $(JOBS),1000)" $(BIN)/python -m scale

soak: image ## Run N jobs (40) on the real cluster while things go wrong; SEED=1
	KUBECONFIG="$$($(CLUSTER)/up 2>/dev/null | tail -n 1)" PYTHONPATH=tests N=$(N) SEED=$(SEED) \
	  $(BIN)/python -m soak

record: setup cluster-up ## Record the states of pods anew on the real cluster; review the difference
	KUBECONFIG="$$($(CLUSTER)/up 2>/dev/null | tail -n 1)" PYTHONPATH=tests $(BIN)/python -m recording

explore: setup ## Search every order of events of the hand-over, further than `make test` does
	PYTHONPATH=tests $(BIN)/python -m exploration

bench: image stores ## Measure on the real cluster; writes docs/reference/measured.md
	KUBECONFIG="$$($(CLUSTER)/up 2>/dev/null | tail -n 1)" PYTHONPATH=tests $(BIN)/python -m bench

format: setup ## Rewrite the sources in the house's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove what the targets made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
