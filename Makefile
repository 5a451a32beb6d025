# Everything a developer types. `make help` prints the lines with two hashes.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup up down status demo demo-failures dev test test-vxp test-bridge test-crash crash-tally test-power check bench build sabotage migrate env

RUN := node --import=tsx
PREPARED := node_modules/.lienthong-prepared

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(PREPARED): package.json package-lock.json
	@if [ ! -d node_modules/tap ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then \
	  { npm ci --no-audit --no-fund || npm install --no-save --no-audit --no-fund; } && touch node_modules/.package-lock.json; fi
	npx tap build
	@touch $@

setup: $(PREPARED) ## install packages, servers and test programs (apt when root)
	@$(RUN) deploy/local/setup.ts

up: $(PREPARED) ## start private NATS, PostgreSQL and Redis under .local/
	@$(RUN) deploy/local/up.ts

down: $(PREPARED) ## stop what `make up` and the tests started; data stays
	@$(RUN) deploy/local/down.ts

status: $(PREPARED) ## which of the private servers run, and where
	@$(RUN) deploy/local/status.ts

migrate: $(PREPARED) ## bring the database of `make up` (or DATABASE_URL) up to date
	@$(RUN) deploy/local/migrate.ts

demo: up ## one signed document from one agency to two others, with verified receipts
	@LT_ENV_DIR=$(CURDIR)/.local/env $(RUN) services/cli/main.ts demo

demo-failures: up ## how a receiver's endpoint fails, and what the axis makes of it
	@LT_ENV_DIR=$(CURDIR)/.local/env $(RUN) services/cli/main.ts demo --failures

dev: up ## all services in one process, restarted on every change
	@LT_ENV_DIR=$(CURDIR)/.local/env npx tsx watch services/all/main.ts

test: setup ## every test, on real servers; FILES="test/unit/model.test.ts" for some
	@$(RUN) test/run.ts $(FILES)

test-vxp: setup ## the compatible door: client programs of today's axis, byte for byte
	@$(RUN) test/run.ts test/conformance/vxp/*.test.ts

test-bridge: setup ## two installations, bridged, killed while documents cross; DOCUMENTS=1000
	@DOCUMENTS=$${DOCUMENTS:-1000} TAP_TIMEOUT=1800 $(RUN) test/run.ts test/conformance/vxp/bridge.test.ts

test-crash: setup ## kill everything while documents travel; ROUNDS=1000 for long, SEED=…, RECORD=1 keeps the result
	@$(RUN) test/crash/run-crash.ts

crash-tally: $(PREPARED) ## the sum of every crash run that was kept
	@$(RUN) test/crash/print-tally.ts

test-power: setup ## loss of power at random cuts of a recorded run; CUTS=…, SEED=…
	@$(RUN) test/power/run-power.ts

sabotage: setup ## every planted defect must turn its test red; FILES="test/crash" for some
	@$(RUN) test/run-sabotage.ts $(FILES)

env: $(PREPARED) ## write deploy/env.example from the settings of the services
	@$(RUN) deploy/local/write-env-example.ts

check: $(PREPARED) ## format, lint, types, rules of the house
	npx biome check .
	npx eslint .
	npx tsc --noEmit -p tsconfig.json
	NODE_ENV=test npx tap run --reporter=terse test/layers/*.test.ts

bench: build ## load run on this machine, on servers of its own; results are printed with the hardware
	@$(RUN) test/bench/hammer.ts

build: $(PREPARED) ## JavaScript for production in build/
	rm -rf build
	npx tsc -p tsconfig.build.json
	node deploy/copy-assets.mjs
