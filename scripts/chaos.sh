#!/usr/bin/env bash
# Breaks the product on purpose and checks what it promises: prints seeds and violations and writes .flomastr/chaos.json.
# ONLY=FLT-01 plays the scenarios whose names begin so (several with commas), SEED=7 one seed, SEEDS=3 so many from it on, PROFILE=long
# the long profile, LANES=4 so many runs side by side (docs/chaos.md).
# ONLY=simulation plays the simulations of the engine alone (docs/simulation.md): 100,000 of them, a million in the long profile.
. "$(dirname "$0")/lib.sh"

held=0
if [ "${ONLY:-}" = simulation ]; then
	rm -f .flomastr/chaos.json
else
	# Its own programs: the servers have the points at which they may be killed.
	mkdir -p bin/chaos
	step "build the programs to be broken" env CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags chaos -o bin/chaos/ ./cmd/flomastr ./cmd/flomastr-sim ./cmd/flomastr-chaos
	bin/chaos/flomastr-chaos --only="${ONLY:-}" --seed="${SEED:-0}" --seeds="${SEEDS:-0}" --lanes="${LANES:-0}" --profile="${PROFILE:-short}" || held=$?
fi
case ",${ONLY:-simulation}," in *,simulation,*)
	seeds=100000
	[ "${PROFILE:-short}" != long ] || seeds=1000000
	go test -count=1 -timeout 2h -run '^TestSimulation$' ./whatsapp -seed "${SEED:-0}" -seeds "$seeds" -simulated "$PWD/.flomastr/chaos.json" -v || held=$?
	;;
esac
exit "$held"
