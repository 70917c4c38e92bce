#!/usr/bin/env bash
# Runs the tests.
#
#   test.sh unit          Go packages whose tests need no database, the web app, the scripts
#   test.sh integration   the other Go packages; their tests make databases of their own in a throwaway cluster
#   test.sh e2e           journeys through the running product in a browser, on data of its own
. "$(dirname "$0")/lib.sh"

# packages lists ours, those whose tests ask for a database server or those that do not; node_modules may hold Go files
# of others.
packages() {
	local keep="$1"
	go list -f '{{.ImportPath}} {{join .TestImports " "}} {{join .XTestImports " "}}' ./... | grep -v /node_modules/ |
		awk -v keep="$keep" '{
			database = / [^ ]*\/(internal\/testdb|postgres\/postgrestest)( |$)/ || $1 ~ /\/(internal\/pgcluster|postgres\/embedded|cmd\/flomastr)$/
			if (database == (keep == "database")) print $1
		}'
}

# The race detector looks on in both, so that what one compiles the other finds.
unit() {
	# shellcheck disable=SC2046 # a list of words
	go test -race $(packages plain)
	npm run --prefix web test
	for script in scripts/*.sh .ci/run; do bash -n "$script"; done
}

integration() {
	# shellcheck disable=SC2046 # a list of words
	go test -race -timeout 20m $(packages database)
}

free_port() { node -e 'const s=require("net").createServer();s.listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }

e2e() {
	scripts/build.sh
	# What the end has to clean up is no function's own: the end comes from anywhere.
	clerk="" code=0
	local server_port standin_port
	server_port="$(free_port)"
	standin_port="$(free_port)"
	scratch="$(mktemp -d "${TMPDIR:-/tmp}/flomastr-e2e.XXXXXX")"
	# A world of its own: no setting of this machine reaches it but PATH.
	export FLOMASTR_DATA_DIR="$scratch/data" FLOMASTR_LISTEN="127.0.0.1:$server_port" FLOMASTR_INFOBIP_URL="http://127.0.0.1:$standin_port"
	# The journey serves a page itself, on the one origin of this machine that the server may then read.
	FLOMASTR_FETCH_ALLOW="http://127.0.0.1:$(free_port)"
	FLOMASTR_META_URL="http://127.0.0.1:$(free_port)"
	FLOMASTR_TWILIO_URL="http://127.0.0.1:$(free_port)"
	export FLOMASTR_FETCH_ALLOW FLOMASTR_META_URL FLOMASTR_TWILIO_URL
	unset DATABASE_URL FLOMASTR_MASTER_KEY SUPER_ADMIN_EMAILS BACKEND_API_SECRET_TOKEN INFOBIP_API_KEY INFOBIP_BASE_URL
	cluster="$(bin/flomastr where | sed -n 's/^cluster_dir=//p')"
	[ -n "$cluster" ] || die "flomastr where named no cluster."
	end_e2e() {
		scripts/server.sh stop >/dev/null || true
		[ -z "$clerk" ] || kill "$clerk" 2>/dev/null || true
		if [ "$code" != 0 ]; then tail -n 40 "$scratch/data/log/server.log" >&2 || true; fi
		rm -rf "$scratch"
		# Under root the cluster lies elsewhere, in a folder that is this data directory's alone.
		case "$cluster" in /var/lib/flomastr/?*/pg) rm -rf "$(dirname "$cluster")" ;; esac
	}
	trap end_e2e EXIT
	scripts/server.sh detached >/dev/null
	npm run --prefix web e2e || code=$?
	if [ "$code" = 0 ]; then sign_in_with_clerk || code=$?; fi
	exit "$code"
}

# sign_in_with_clerk starts the same server again, with Clerk's stand-in in the place of its own passwords.
sign_in_with_clerk() {
	local said="$scratch/clerk"
	: >"$said"
	bin/flomastr-sim --infobip-listen 127.0.0.1:0 --meta-listen 127.0.0.1:0 --twilio-listen 127.0.0.1:0 --data-dir "$scratch/sim" \
		--clerk-listen "127.0.0.1:$(free_port)" --clerk-app "http://localhost:$server_port" >"$said" 2>&1 &
	clerk=$!
	until grep -q FLOMASTR_CLERK_AUTHORIZED_PARTIES "$said"; do
		kill -0 "$clerk" 2>/dev/null || { cat "$said" >&2; return 1; }
		sleep 0.1
	done
	scripts/server.sh stop >/dev/null || return 1
	# It printed the settings that a server needs for it.
	while IFS='=' read -r name value; do export "$name=$value"; done < <(sed -nE 's/^ +((CLERK|FLOMASTR_CLERK)_[A-Z_]+=)/\1/p' "$said")
	SUPER_ADMIN_EMAILS=root@people.test scripts/server.sh detached >/dev/null || return 1
	E2E_BASE="http://localhost:$server_port" npm run --prefix web e2e:clerk
}

case "${1:-}" in
unit | integration | e2e) "$1" ;;
*) die "usage: scripts/test.sh unit|integration|e2e" ;;
esac
