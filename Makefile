# `make demo` shows a small company's month arriving at a local Klime, `make test` checks everything. Both need git, a C compiler
# and Rust.

CARGO ?= cargo

.PHONY: demo test test-rust test-web test-elixir

KLIME_DEV_DEMO = $(CARGO) run --quiet --locked --package klime-cli --bin klime -- dev --demo --port 0

# On a terminal it stays, with its page, until Ctrl-C; elsewhere it ends when everything has arrived.
demo:
	@if [ -t 1 ]; then $(KLIME_DEV_DEMO); else $(KLIME_DEV_DEMO) --exec true; fi

test:
	@scripts/test

test-rust test-web test-elixir:
	@scripts/$@
