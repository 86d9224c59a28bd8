# Every target sets up what it needs from a bare clone: Node >= 20.19 and npm are all that must be there.
PNPM := $(shell command -v pnpm >/dev/null 2>&1 && echo pnpm || echo npx --yes pnpm@10.34.9)
ARGS ?=

.PHONY: help run demo serve chaos simulate bench test test-all check build pack setup clean

help: ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

run: demo ## Set up and run the main job: real data, nodes being killed, nothing lost

demo: build ## Import 170,000 places into a running server while its nodes are killed; read every one back
	$(PNPM) --silent demo $(ARGS)

serve: build ## Start a server on 127.0.0.1:1338 (chaos allowed)
	node packages/cli/bin/kvctl.js serve --chaos $(ARGS)

chaos: build ## Kill, crash, hang and exhaust nodes under load, and prove that nothing was lost (ARGS="--faults 200 --seed 1")
	$(PNPM) --silent chaos $(ARGS)

simulate: setup ## Run seeds of the deterministic simulator (ARGS="--seeds 1000")
	$(PNPM) --silent simulate $(ARGS)

bench: build ## Quintet beside Redis, ioredis, keyv and lmdb: writes docs/benchmarks.md (needs redis-server; ARGS="--rounds 1 --seconds 0.3")
	node --import tsx packages/bench/src/benchmarks.ts $(ARGS)

test: build ## Set up and run the tests (some four minutes on two processors)
	$(PNPM) test

test-all: build ## Everything CI runs, lane after lane, with the time of each (ARGS="tests fuzz": only these)
	$(PNPM) --silent test:all $(ARGS)

check: build ## Lint, types and the tests
	$(PNPM) check

build: setup ## Build dist/ of every package
	$(PNPM) --silent build

pack: build ## Pack the packages into dist/tarballs and print the line that installs them
	@PNPM="$(PNPM)" node scripts/pack.mjs $(ARGS)

setup: node_modules/.modules.yaml

node_modules/.modules.yaml: package.json pnpm-lock.yaml $(wildcard packages/*/package.json)
	$(PNPM) install --frozen-lockfile
	@touch $@

clean: ## Remove what was built and installed
	rm -rf node_modules packages/*/node_modules packages/*/dist
