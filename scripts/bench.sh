#!/usr/bin/env bash
# Measures the built product against this machine's limits: prints a table and writes .flomastr/bench.json. ONLY=name
# measures one row. It ends with an error when a row misses its reach and docs/benchmarks.md records no cause.
. "$(dirname "$0")/lib.sh"

scripts/build.sh
exec bin/flomastr bench --only="${ONLY:-}"
