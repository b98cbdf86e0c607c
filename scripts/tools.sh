#!/usr/bin/env bash
# Install the foreign tools that some tests use, into .tools/bin. Muster itself needs none of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v go >/dev/null || { echo "skipped: grpcurl (Go is not installed)"; exit 0; }
GOBIN="$PWD/.tools/bin" go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4
