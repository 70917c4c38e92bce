#!/usr/bin/env bash
# Measures the built product against this machine's limits: prints a table and writes .flomastr/bench.json. ONLY=name
# measures the figures whose names begin so; LARGE=1 adds those that take minutes to prepare. It ends with an error when a
# figure misses its reach and docs/benchmarks.md records no cause.
. "$(dirname "$0")/lib.sh"

scripts/build.sh
step "build the measurements" env CGO_ENABLED=0 go build -trimpath -buildvcs=false -o bin/ ./cmd/flomastr-bench
exec bin/flomastr-bench --only="${ONLY:-}" ${LARGE:+--large}
