# `make run` and `make test` work from a clean clone with Python >= 3.11 and a
# Rust toolchain; everything else is installed below .venv/ and target/.
PYTHON ?= python3
UV_VERSION := 0.13.8
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
UV := .cache/bootstrap/bin/uv
BIN := .venv/bin
NATIVE_SOURCES := $(shell find crates -name '*.rs' -o -name Cargo.toml -o -name '*.tsv' -o -name '*.txt') $(wildcard probe/*.c probe/lib/*.h) Cargo.toml Cargo.lock

.DEFAULT_GOAL := help
.PHONY: help run test e2e falco-testing lint bench golden docs setup lock build clean check-rust

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

check-rust:
	@command -v cargo >/dev/null 2>&1 || { \
	  echo "lanner: building needs a Rust toolchain (>= 1.88): 'cargo' was not found."; \
	  echo "        Install rustup (https://rustup.rs) or your distribution's cargo, then try again."; \
	  exit 1; }
	@command -v cc >/dev/null 2>&1 || { \
	  echo "lanner: Rust links with a C compiler: 'cc' was not found."; \
	  echo "        Install gcc or clang, with the C library's headers, then try again."; \
	  exit 1; }

.venv/.setup: requirements.lock Makefile
	@$(PYTHON) -c 'import sys; sys.exit("lanner: needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(UV) || { $(PYTHON) -m venv .cache/bootstrap && .cache/bootstrap/bin/pip install -q --disable-pip-version-check uv==$(UV_VERSION); }
	@test -x $(BIN)/python || $(UV) venv -q --python $(PYTHON) .venv
	VIRTUAL_ENV=$(CURDIR)/.venv $(UV) pip sync -q --compile-bytecode --require-hashes requirements.lock
	@touch $@

lock: ## pin the Python tools again (requirements.lock)
	$(UV) pip compile -q --generate-hashes --no-annotate --no-header --universal --python-version 3.11 --group dev pyproject.toml -o requirements.lock

.venv/.build: .venv/.setup $(NATIVE_SOURCES) | check-rust
	PATH="$(CURDIR)/.cache/bootstrap/bin:$$PATH" VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/maturin develop -q --uv --release
	@$(BIN)/python -m compileall -q src/lanner  # starting a command must not compile it
	@touch $@

setup: .venv/.setup ## install the Python tools into .venv
build: .venv/.build ## compile the native module

run: .venv/.build ## watch this machine with the default rules; without root, scan the sample audit log
	@echo
	@echo "Watching this machine with the default rules (Ctrl-C ends it):"
	@echo "  lanner run"
	@$(BIN)/lanner run || { \
	  echo; \
	  echo "Scanning examples/audit.log with the default rules instead:"; \
	  echo "  lanner scan examples/audit.log"; \
	  echo; \
	  $(BIN)/lanner scan examples/audit.log; }

test: .venv/.build lint ## run all checks
	cargo test -q --workspace
	$(BIN)/pytest -q -n 2 --ignore tests/live
	$(BIN)/pytest -q tests/live  # alone: it watches the whole machine

e2e: .venv/.build ## check against a real kube-apiserver, which Go builds (some minutes, once)
	$(BIN)/python tools/apiserver.py  # longer than a test may take
	LANNER_REQUIRE_APISERVER=1 $(BIN)/pytest -q tests/e2e

falco-testing: .venv/.build ## run falcosecurity/testing (SUITE: its test programs, ETC: Falco's /etc/falco)
	$(BIN)/python tools/falco_testing.py $(SUITE) $(if $(ETC),--etc $(ETC))

lint: .venv/.build ## formatting, types, layers, sizes
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	cargo fmt --all --check
	cargo clippy -q --workspace --all-targets -- -D warnings
	$(BIN)/python tools/check_file_size.py
	$(BIN)/python tools/generate_reference.py --check
	$(BIN)/python -m mypy.stubtest lanner._native --allowlist tools/stubtest-allowlist.txt --ignore-disjoint-bases

golden: .venv/.build ## rewrite the golden files; review the difference
	$(BIN)/pytest -q tests --golden

docs: .venv/.build ## regenerate the reference pages
	$(BIN)/python tools/generate_reference.py

bench: .venv/.build ## measure, and write docs/benchmarks.md
	$(BIN)/python -m bench.run

clean: ## remove what make installed and built
	rm -rf .venv .cache target src/lanner/_native*.so
