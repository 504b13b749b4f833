# `make demo` shows the SDK at work, `make test` checks everything. Both need git, a C compiler and Rust.

CARGO ?= cargo

.PHONY: demo test test-rust test-web

demo:
	@$(CARGO) run --quiet --locked --package klime --example demo

test:
	@scripts/test

test-rust test-web:
	@scripts/$@
