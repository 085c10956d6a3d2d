# Outcrop: `make run` starts it, `make test` checks all of it. Needs Rust, a C compiler, make, Python 3 and Node.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
OUTCROP := $(abspath $(TARGET_DIR))/release/outcrop
LISTEN ?= 127.0.0.1:4646
PYTHON := $(abspath .venv)/bin/python
JUDGES := conformance/judges
SCHEMAS := conformance/schemas
JUDGE := $(abspath $(JUDGES))/.venv/bin/python
FRAMEWORKS := $(abspath $(JUDGES))/.venv-frameworks/bin/python
SCHEMAS_PYTHON := $(abspath $(SCHEMAS))/.venv/bin/python
RESULTS := $(abspath $(TARGET_DIR))/judges
TIMES := $(TARGET_DIR)/stage-times.txt

# Runs the target $(1) as a stage: prints its name before it and its time after it.
stage = @echo "== $(1)"; start=$$(date +%s); $(MAKE) --no-print-directory $(1); \
	took=$$(( $$(date +%s) - start )); echo "== $(1): $$took s"; \
	printf '%6d s  %s\n' "$$took" "$(1)" >> $(TIMES)

.PHONY: help run build test fmt clippy rust-test wire-shapes conformance-python conformance-js conformance-rust \
	conformance-judges conformance-frameworks conformance-langchain conformance-score conformance-schemas conformance bench

help:
	@echo "make run      build and start on $(LISTEN), and show three calls to paste"
	@echo "make test     everything: format, lints, Rust tests, the AWS SDKs for Python, JavaScript and Rust, and other clients"
	@echo "make conformance  all clients, the large ones (LiteLLM, Strands, LangChain's own suites) too"
	@echo "make bench    the measurements in README.md, on this machine"

run: build
	$(OUTCROP) serve --listen $(LISTEN) --examples

build:
	cargo build --release

test:
	@mkdir -p $(TARGET_DIR) && rm -f $(TIMES)
	$(call stage,fmt)
	$(call stage,clippy)
	$(call stage,rust-test)
	$(call stage,wire-shapes)
	$(call stage,conformance-python)
	$(call stage,conformance-js)
	$(call stage,conformance-rust)
	$(call stage,conformance-judges)
	@echo "== all stages passed"; cat $(TIMES); awk '{ sum += $$1 } END { printf "%6d s  total\n", sum }' $(TIMES)

fmt:
	cargo fmt --all --check
	cargo fmt --manifest-path conformance/rust/Cargo.toml --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check

clippy:
	cargo clippy --release --workspace --all-targets -- -D warnings

rust-test:
	cargo test --release --workspace

# The bedrock crate's bytes and shapes against botocore's own parsers and models.
wire-shapes: build .venv/.installed
	@for script in crates/bedrock/tests/*.py; do echo "$$script"; $(PYTHON) "$$script"; done

conformance: conformance-python conformance-js conformance-rust conformance-judges conformance-frameworks \
	conformance-langchain

conformance-python: build .venv/.installed
	OUTCROP_BIN=$(OUTCROP) $(PYTHON) -m pytest conformance/python

conformance-js: build conformance/js/node_modules/.installed
	cd conformance/js && OUTCROP_BIN=$(OUTCROP) npm --silent test

conformance-rust: build
	OUTCROP_BIN=$(OUTCROP) cargo test --manifest-path conformance/rust/Cargo.toml \
		--target-dir conformance/rust/target -- --test-threads 4

# Clients that the project did not write: Anthropic's SDKs, Vercel's, the AWS CLI.
conformance-judges: build $(JUDGES)/.venv/.installed $(JUDGES)/js/node_modules/.installed
	@mkdir -p $(RESULTS)
	cd $(JUDGES) && OUTCROP_BIN=$(OUTCROP) $(JUDGE) -m pytest --junitxml $(RESULTS)/clients-python.xml \
		test_anthropic.py test_aws_cli.py
	cd $(JUDGES)/js && OUTCROP_BIN=$(OUTCROP) RESULTS=$(RESULTS)/clients-js.xml npm --silent test

# The large ones: LiteLLM, Strands Agents.
conformance-frameworks: build $(JUDGES)/.venv-frameworks/.installed
	@mkdir -p $(RESULTS)
	cd $(JUDGES) && OUTCROP_BIN=$(OUTCROP) $(FRAMEWORKS) -m pytest --junitxml $(RESULTS)/clients-frameworks.xml \
		test_litellm.py test_strands.py

# LangChain's own suites, three times. What they get is a score, not a pass: failures need a reason in failures.toml.
conformance-langchain: build $(JUDGES)/.venv-frameworks/.installed
	OUTCROP_BIN=$(OUTCROP) $(FRAMEWORKS) $(JUDGES)/langchain/suite.py --results $(RESULTS) --source $(RESULTS)/langchain

# 10,000 completions under generated schemas, each judged by an independent validator; ARGUMENTS are the script's.
conformance-schemas: build $(SCHEMAS)/.venv/.installed
	$(SCHEMAS_PYTHON) -m pytest --quiet $(SCHEMAS)
	OUTCROP_BIN=$(OUTCROP) $(SCHEMAS_PYTHON) $(SCHEMAS)/run.py --results $(abspath $(TARGET_DIR))/schemas $(ARGUMENTS)

# Writes what the last runs of the three above gave into conformance/README.md.
conformance-score:
	python3 $(JUDGES)/score.py --results $(RESULTS)

$(JUDGES)/.venv/.installed: $(JUDGES)/requirements.txt
	python3 -m venv $(@D)
	$(JUDGE) -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

$(JUDGES)/.venv-frameworks/.installed: $(JUDGES)/requirements-frameworks.txt
	python3 -m venv $(@D)
	$(FRAMEWORKS) -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

$(SCHEMAS)/.venv/.installed: $(SCHEMAS)/requirements.txt
	python3 -m venv $(@D)
	$(SCHEMAS_PYTHON) -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

$(JUDGES)/js/node_modules/.installed: $(JUDGES)/js/package-lock.json
	cd $(JUDGES)/js && npm ci --no-audit --no-fund
	@touch $@

.venv/.installed: conformance/python/requirements.txt
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

conformance/js/node_modules/.installed: conformance/js/package-lock.json
	cd conformance/js && npm ci --no-audit --no-fund
	@touch $@

bench: build
	cargo run --release --example bench -- all
