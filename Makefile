# One command each. What is needed: Rust and Go; everything else is fetched or built.
#   make demo            see three teams ship together
#   make test            what CI runs

SHELL := /usr/bin/env bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# In CI a fresh clone reuses the compiled dependencies of earlier runs.
ifneq ($(filter true 1,$(CI))$(ROLLCALL_CACHE_TARGET),)
export CARGO_TARGET_DIR := $(shell .ci/target-dir)
endif
TARGET := $(or $(CARGO_TARGET_DIR),target)

# How many live tests run at once: each starts a control plane of its own.
LIVE_THREADS ?= 3
# How long each parser is fuzzed.
FUZZ_SECONDS ?= 10
ARGS ?=

.PHONY: help demo fuzz test fmt clippy unit model simapi stories seeds sweep soak mutants mutants-all live demo-once control-plane newest-plane crds golden krew need-cargo need-go

help: ## this list
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

demo: newest-plane ## a release of three teams on a control plane of your own; STORY=rollback, ARGS=--once or ARGS=--help
	@echo "building rollcall and the demo (the first time takes some minutes)"
	@cargo build --quiet --bin rollcall --example demo
	@"$(TARGET)/debug/examples/demo" $(if $(STORY),--story $(STORY)) $(ARGS)

test: fmt clippy unit model simapi stories seeds fuzz live demo-once ## what CI runs: format, lints, all tests, the demo once

fmt: need-cargo ## check the format
	cargo fmt --all --check

clippy: need-cargo ## lints, with warnings denied, of everything
	cargo clippy --workspace --all-targets -- -D warnings

unit: control-plane ## tests of the library, the demo and the control-plane crate
	cargo build --bin rollcall
	cargo test --workspace --lib --bins --examples
	cargo test --workspace --doc
	cargo test -p control-plane --tests -- --test-threads=$(LIVE_THREADS)

model: need-cargo ## every state of a small cluster, and what judges histories
	cargo test -p proof --tests -- --nocapture

simapi: control-plane ## the API server in memory, and whether it answers as a real one does
	cargo test -p simapi --tests

stories: need-cargo ## every story of tests/scenarios, and a sample of the sweep, on simulated clusters; STORY=name plays one and tells it
	cargo test --profile seeds --test proof -- stories record $(if $(STORY),,sweep::a_) --nocapture --test-threads=1

seeds: need-cargo ## 10,000 random stories on simulated clusters; SEEDS=n says how many, SEED=n tells one
	cargo test --profile seeds --test proof -- seeds --nocapture --test-threads=1

sweep: need-cargo ## every story, disturbed in every way at every write and every event: hours; PORTION=n makes so many runs of them, FROM=k others, RUN='name DiesAfter@3' makes one and tells it
	cargo test --profile seeds --test proof -- sweep --nocapture --test-threads=1

soak: control-plane ## model, seeds and live faults for much longer; SOAK_STATES=n, SEEDS=n, FROM=n and OFFSETS='n m' say how far
	SOAK_STATES=$(or $(SOAK_STATES),20000000) cargo test -p proof --test model -- --nocapture --test-threads=1
	SEEDS=$(or $(SEEDS),200000) FROM=$(or $(FROM),1000000) cargo test --profile seeds --test proof -- seeds --nocapture
	for offset in $(or $(OFFSETS),0 1 2 3 4 5 6 7 8); do OFFSET=$$offset cargo test --test it -- faults::troubled --nocapture; done

mutants: need-cargo ## make each known mistake in a copy of the sources and expect a red test; ARGS=WORD chooses
	cargo run --quiet -p proof --example mutants -- $(ARGS)

mutants-all: need-cargo ## every small mistake that cargo-mutants knows in what decides (an hour); ARGS="-F gates.rs" chooses
	@cargo mutants --version >/dev/null 2>&1 || { echo "error: cargo-mutants is not there. help: cargo install cargo-mutants --locked" >&2; exit 2; }
	cargo run --quiet -p proof --example mutants -- --all $(ARGS)

fuzz: need-cargo ## every parser on inputs that coverage leads to, for FUZZ_SECONDS each
	@fuzz/run $(FUZZ_SECONDS)

live: control-plane ## tests on real control planes
	cargo test --test it -- --test-threads=$(LIVE_THREADS)

demo-once: newest-plane ## the demo, for its exit code
	@cargo build --quiet --bin rollcall --example demo
	@"$(TARGET)/debug/examples/demo" --once

control-plane: newest-plane ## build etcd, kube-apiserver, ... once (about fifteen minutes; then nothing to do)
	@$(call plane,--kubernetes 1.34)

newest-plane: need-cargo
	@$(call plane,)

# Builds the programs of a Kubernetes version unless they are there.
define plane
	if [ -z "$${KUBEBUILDER_ASSETS:-}" ] && ! cargo run --quiet -p control-plane -- path $(1) >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory need-go && cargo run --quiet -p control-plane -- build $(1); \
	fi
endef

crds: need-cargo ## write crds/ again from src/api
	cargo run --quiet --bin rollcall -- crds --out crds

golden: need-cargo crds ## write all generated files again: crds/, config/, charts/, docs/
	UPDATE_GOLDEN=1 cargo test --lib -- manifests
	UPDATE_GOLDEN=1 cargo test --test it -- docs the_schema_that_is_checked_in
	UPDATE_GOLDEN=1 cargo test -p proof --test histories -- page
	UPDATE_GOLDEN=1 cargo test --test proof -- stories

krew: ## print the krew manifest of a release: ARCHIVES=DIR VERSION=v1.2.3
	@config/krew/fill "$(VERSION)" "$(ARCHIVES)"

need-cargo:
	@command -v cargo >/dev/null || { echo "error: cargo is not on the PATH. help: install Rust from https://rustup.rs" >&2; exit 2; }

need-go:
	@command -v go >/dev/null || { echo "error: go is not on the PATH, and the control plane is built with it. help: install Go 1.26 or newer from https://go.dev/dl, or set KUBEBUILDER_ASSETS" >&2; exit 2; }
