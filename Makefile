# The commands of the project. `make` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
REPORTS := build/reports
CACHE := $(or $(SLUICE_CACHE),$(HOME)/.cache/sluice)
SOURCES := crds/src operator/src trainer-image/src localcluster/src
# These mostly wait for control planes, the others mostly compute: side by side they fill two cores.
ON_PLANES := tests/contract $(addprefix tests/integration/,decisions localcluster operator plugin)
PLAIN := $(addprefix tests/,integration/trainer charts alerts chaos unit)
PYTEST := OMP_WAIT_POLICY=PASSIVE $(BIN)/pytest --no-loadscope-reorder
LOCAL := PYTHONPATH=localcluster/src $(BIN)/python
say = @printf '\n==> %s\n' "$(1)"

.PHONY: help
help: ## List the targets.
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Make .venv from the locks; does nothing when nothing changed.
	$(call say,setting up the Python environment)
	@bash requirements/setup.sh

.PHONY: fmt
fmt: setup ## Format the code and mend what ruff can mend.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: gen
gen: setup ## Write CRDs, editor schemas, reference pages and the chart's schema from the models.
	$(BIN)/python -m sluice_api.crdgen --write
	$(BIN)/python -m sluice_operator.chartgen --write

.PHONY: lint
lint: setup ## Check style, types, layers, spelling and generated files.
	$(call say,style)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	$(call say,types)
	@$(BIN)/mypy $(SOURCES)
	$(call say,layers)
	@PYTHONPATH=crds/src:operator/src:trainer-image/src:localcluster/src $(BIN)/lint-imports
	$(call say,spelling)
	@git ls-files -z | xargs -0 $(BIN)/codespell
	$(call say,generated files)
	@$(BIN)/python -m sluice_api.crdgen --check
	@$(BIN)/python -m sluice_operator.chartgen --check

.PHONY: programs
programs: setup ## Build the programs that tests start; 8 to 14 minutes the first time.
	$(call say,programs that tests start)
	@$(LOCAL) -m sluice_localcluster build kube-all versitygw helm promtool >/dev/null

.PHONY: test
test: lint programs ## Lint, then unit, contract, integration, chart and alert tests on a real control plane.
	$(call say,tests: those on control planes and those without side by side)
	@$(MAKE) --jobs=2 test-planes test-plain
	$(call say,all green (JUnit reports: $(REPORTS)/test-*.xml))

.PHONY: test-planes
test-planes: programs ## The tests on control planes of their own.
	@mkdir -p $(REPORTS)
	@$(PYTEST) -n 4 --junitxml=$(REPORTS)/$@.xml $(ON_PLANES)

.PHONY: test-plain
test-plain: programs ## The tests that need no control plane.
	@mkdir -p $(REPORTS)
	@nice env $(PYTEST) -n 2 --junitxml=$(REPORTS)/$@.xml $(PLAIN)

.PHONY: images
images: setup ## Build the operator, trainer and serving images (root).
	$(LOCAL) -m sluice_images build all

.PHONY: demo
demo: setup ## The quickstart on a whole Kubernetes of its own, from rows to a live endpoint (root).
	@$(LOCAL) -m sluice_demo up

.PHONY: demo-down
demo-down: setup ## Remove the local cluster and every trace of it; caches stay (root).
	@$(LOCAL) -m sluice_demo down

.PHONY: e2e
e2e: setup ## On the demo's cluster: kills, resume, tampering, outages, idle (root, after make demo).
	@mkdir -p $(REPORTS)
	@$(BIN)/pytest tests/e2e -m "not slow" --junitxml=$(REPORTS)/e2e.xml

.PHONY: e2e-full
e2e-full: setup ## The same, and what takes longer: nodes made, killed half-way, repaired and removed.
	@mkdir -p $(REPORTS)
	@$(BIN)/pytest tests/e2e --junitxml=$(REPORTS)/e2e.xml

.PHONY: chaos
chaos: setup ## 300,000 random steps and a kill after every write, simulated; SEED=1 STEPS=300000.
	@PYTHONPATH=tests $(BIN)/python -m chaos --seed $(or $(SEED),1) --steps $(or $(STEPS),300000)

.PHONY: chaos-rules
chaos-rules: setup ## Take out each rule of promotion, and show which walk, story or test misses it.
	@PYTHONPATH=tests $(BIN)/python -m chaos.removals

.PHONY: bench
bench: setup ## The operator beside a peer: passes among many runs, reaction, memory, restart; build/bench/.
	@PYTHONPATH=tests $(BIN)/python -m bench.bench_crowd $(if $(CHECK),--check)
	@PYTHONPATH=localcluster/src:tests $(BIN)/python -m bench.bench_operator $(if $(CHECK),--check)

.PHONY: kill
kill: setup ## The operator killed before and after each of its writes, in five stories; SEED=1 ONLY=drift.
	@PYTHONPATH=tests:localcluster/src $(BIN)/python -m kill --seed $(or $(SEED),1) --only "$(ONLY)"

.PHONY: mutations
mutations: setup ## 5,000 seeded mutations of a base model, each from import to evaluation; SEED=1 N=5000.
	@PYTHONPATH=tests $(BIN)/python -m mutations --seed $(or $(SEED),1) --count $(or $(N),5000)

.PHONY: bench-gate
bench-gate: setup ## Print the error rates of the verdict rule, by exact enumeration.
	@$(BIN)/python tests/bench/bench_gate.py

.PHONY: clean-cache
clean-cache: ## Remove built binaries and downloads outside the checkout.
	rm -rf -- "$(CACHE)"
