"""The `muster` command line: what an operator does every day. Needs the `cli` extra; knows the server by its stubs only."""
