# FloMastr. `make` installs what is missing and lists what can be done; `make run` shows the product.
# The work is done by scripts/, which say what they do and how long it took. Everything works from any folder with make -C.

.DEFAULT_GOAL := default
SHELL := /bin/bash
ROOT := $(dir $(realpath $(lastword $(MAKEFILE_LIST))))
S := $(ROOT)scripts
# When make began, in milliseconds, so that run can say what all of it took.
export MAKE_BEGAN := $(shell date +%s)000

.PHONY: default help deps deps-test build run run-detached stop dev run-backend run-frontend generate \
	test test-unit test-integration test-e2e lint bench chaos clean

default: deps help ## install what is missing, then list the targets

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(ROOT)Makefile

deps: ## install what is missing to build and run
	@$(S)/deps.sh

deps-test: ## install what the tests need besides, such as a browser
	@$(S)/deps.sh test

build: deps ## build the web app and the programs into bin/
	@$(S)/build.sh

run: build ## build and run the product with its demo, in the foreground
	@$(S)/server.sh run

run-detached: build ## the same in the background; returns when it is ready
	@$(S)/server.sh detached

stop: ## end the server that run or run-detached has started
	@[ ! -x $(ROOT)bin/flomastr ] || $(S)/server.sh stop

dev: deps ## the server with reload and the web app on Vite's server (port 5173)
	@$(S)/dev.sh both

run-backend: deps ## the server alone, with reload
	@$(S)/dev.sh backend

run-frontend: deps ## the web app's dev server alone
	@$(S)/dev.sh frontend

generate: build ## write what is generated: the API's types for the web app
	@$(S)/generate.sh

test: deps-test ## everything that is tested
	@$(S)/test.sh unit
	@$(S)/test.sh integration
	@$(S)/test.sh e2e

test-unit: deps-test ## tests without a database, and the web app's
	@$(S)/test.sh unit

test-integration: deps-test ## the Go tests that need a database, each on one of its own
	@$(S)/test.sh integration

test-e2e: deps-test ## one journey through the running product in a browser
	@$(S)/test.sh e2e

lint: deps-test ## formats, vets and linters, and that the program builds for other systems
	@$(S)/lint.sh

bench: deps-test ## measure against the machine's limits; ONLY=name runs one
	@$(S)/bench.sh

chaos: deps ## break the product on purpose and check its promises; ONLY=FLT-01 SEED=7 PROFILE=long
	@$(S)/chaos.sh

clean: ## remove what was built; the data under .flomastr stays
	@$(S)/clean.sh
