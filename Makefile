# Two commands: `make run` and `make test`. Everything else serves them.
SHELL := /bin/bash
GO ?= go
export CGO_ENABLED := 0
TOOL := $(GO) tool -modfile=internal/tools/go.mod
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: run test test-long build lint generate profile postgres

run: build ## build, and start the quickstart hospital
	@./handover run

build:
	@$(GO) build -trimpath -ldflags "-X handover/app/cli.commit=$(VERSION)" -o handover ./cmd/handover

test: postgres lint build ## everything: unit, golden, fuzz seeds, acceptance, conformance, architecture
	$(GO) test -timeout 14m ./...

test-long: postgres lint build ## the long forms: fuzzing, soak, torture, millions of rows
	HANDOVER_LONG=1 $(GO) test -timeout 120m -count=1 ./...
	internal/tools/fuzz.sh 5m

lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	  if [ -n "$$unformatted" ]; then echo "not formatted (run gofmt -w):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(TOOL) golangci-lint run --allow-parallel-runners ./...

generate: ## write the generated data files again, from ../shared/data
	$(GO) generate ./...

# What the compiler knows of where the time goes: a few percent of it.
profile: build ## measure anew for the compiler, after large changes, on a quiet machine
	./handover bench --only languages,flow --messages 40000 --profile cmd/handover/default.pgo

# The contract suites of journal, trace and record run on PostgreSQL too, and
# start a server of their own from Debian's package.
postgres:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  sudo=$$( [ $$(id -u) = 0 ] || echo sudo ); \
	  echo "installing PostgreSQL for the contract suites ..."; \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qq -y --no-install-recommends postgresql >/dev/null; }
