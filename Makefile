# `make demo` shows the SDK at work, `make test` checks everything. Both need git, a C compiler and Rust.

CARGO ?= cargo

.PHONY: demo test test-rust test-elixir

demo:
	@$(CARGO) run --quiet --locked --package klime --example demo

test: test-rust test-elixir

test-rust:
	@scripts/test-rust

test-elixir:
	@scripts/test-elixir
