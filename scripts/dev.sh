#!/usr/bin/env bash
# Develops: runs the server and builds it anew whenever a Go or SQL file changes, and the web app on Vite's own server,
# which proxies to it. Ctrl-C ends both.
#
#   dev.sh           both
#   dev.sh backend   the server alone, with reload
#   dev.sh frontend  the web app alone
. "$(dirname "$0")/lib.sh"

what="${1:-both}"
vite="" server_running=""

# Vite proxies to the server wherever its settings put it.
server_url() { bin/flomastr where 2>/dev/null | sed -n 's|^url=||p'; }

frontend() {
	if [ -z "${FLOMASTR_DEV_SERVER:-}" ] && [ -x bin/flomastr ]; then
		FLOMASTR_DEV_SERVER="$(server_url)"
		export FLOMASTR_DEV_SERVER
	fi
	exec npm run --prefix web dev
}

stop_server() {
	if [ -n "$server_running" ]; then
		scripts/server.sh stop >/dev/null || true
		server_running=""
	fi
}

finish() {
	if [ -n "$vite" ]; then kill -- "-$vite" 2>/dev/null || true; fi
	stop_server
}

start_server() {
	if scripts/build.sh server && scripts/server.sh detached; then
		server_running=yes
	else
		say "Waiting for the next change."
	fi
}

# changed waits until a source file is younger than the mark.
changed() {
	while sleep 1; do
		if [ -n "$(find . \( -path ./web/node_modules -o -path ./.git -o -path ./.flomastr -o -path ./bin \) -prune -o \
			\( -name '*.go' -o -name '*.sql' -o -name go.mod -o -path './assistant/prompt/*' \) -newer "$1" -print 2>/dev/null | head -n 1)" ]; then
			return 0
		fi
	done
}

if [ "$what" = frontend ]; then frontend; fi

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir -p "$STAMPS"
touch "$STAMPS/dev"
start_server
if [ "$what" = both ]; then
	set -m
	(frontend) &
	vite=$!
	set +m
fi
while changed "$STAMPS/dev"; do
	touch "$STAMPS/dev"
	say "A source has changed."
	stop_server
	start_server
done
