#!/usr/bin/env bash
# Starts and stops the built server, with the stand-ins beside it when it shows the demo.
#
#   server.sh run        in the foreground, until Ctrl-C
#   server.sh detached   in the background; returns when it is ready
#   server.sh stop       ends whichever of the two is running
. "$(dirname "$0")/lib.sh"

# Stand-ins for the WhatsApp providers listen here unless FLOMASTR_INFOBIP_URL, FLOMASTR_META_URL and FLOMASTR_TWILIO_URL
# name other places on this machine.
default_standin=http://127.0.0.1:8101
default_meta_standin=http://127.0.0.1:8102
default_twilio_standin=http://127.0.0.1:8103

settings="$(bin/flomastr where)" || exit 1
setting() { printf '%s\n' "$settings" | sed -n "s|^$1=||p"; }
data="$(setting data_dir)"
url="$(setting url)"
listen="$(setting listen)"
run_dir="$data/run"
log_dir="$data/log"

# running NAME says whether the process that a pid file names is still that program.
running() {
	local pid
	pid="$(cat "$run_dir/$1.pid" 2>/dev/null)" || return 1
	[ -n "$pid" ] && ps -p "$pid" -o args= 2>/dev/null | grep -q "flomastr"
}

pid_of() { cat "$run_dir/$1.pid"; }

# end NAME asks a program to stop, waits for it, and after a minute ends it.
end() {
	local pid i
	if ! running "$1"; then
		rm -f "$run_dir/$1.pid"
		return 1
	fi
	pid="$(pid_of "$1")"
	kill -TERM "$pid" 2>/dev/null || true
	for ((i = 0; i < 600; i++)); do
		running "$1" || break
		sleep 0.1
	done
	if running "$1"; then kill -KILL "$pid" 2>/dev/null || true; fi
	rm -f "$run_dir/$1.pid"
}

port_is_taken() {
	local host="${listen%:*}" port="${listen##*:}"
	case "$host" in '' | 0.0.0.0 | '[::]' | localhost) host=127.0.0.1 ;; esac
	(exec 3<>"/dev/tcp/${host#[}/$port") 2>/dev/null
}

check_free() {
	mkdir -p "$run_dir" "$log_dir"
	chmod 700 "$data"
	if running server; then
		die "the server is running already at $url (process $(pid_of server)): end it with make stop."
	fi
	if port_is_taken; then
		die "another program is using $listen: stop it, or choose another port with FLOMASTR_LISTEN=127.0.0.1:8001."
	fi
}

# start_standins starts the stand-ins for the demo, in a process group of their own so that Ctrl-C leaves them to us.
start_standins() {
	[ "$(setting demo)" = true ] || return 0
	FLOMASTR_INFOBIP_URL="$(setting infobip_standin)"
	FLOMASTR_INFOBIP_URL="${FLOMASTR_INFOBIP_URL:-$default_standin}"
	FLOMASTR_META_URL="$(setting meta_standin)"
	FLOMASTR_META_URL="${FLOMASTR_META_URL:-$default_meta_standin}"
	FLOMASTR_TWILIO_URL="$(setting twilio_standin)"
	FLOMASTR_TWILIO_URL="${FLOMASTR_TWILIO_URL:-$default_twilio_standin}"
	export FLOMASTR_INFOBIP_URL FLOMASTR_META_URL FLOMASTR_TWILIO_URL
	end sim || true
	set -m
	bin/flomastr-sim --infobip-listen "${FLOMASTR_INFOBIP_URL#http://}" --meta-listen "${FLOMASTR_META_URL#http://}" --twilio-listen "${FLOMASTR_TWILIO_URL#http://}" --data-dir "$data/sim" --senders "$data/sim-senders.json" >>"$log_dir/sim.log" 2>&1 &
	echo $! >"$run_dir/sim.pid"
	set +m
}

# last_words shows why a program has ended.
last_words() { tail -n 5 "$log_dir/$1.log" >&2 2>/dev/null || true; }

welcome() {
	say ""
	if [ "$(setting demo)" = true ] && bin/flomastr demo 2>/dev/null; then :; else say "FloMastr   $url"; fi
	say ""
	say "Ready after $(seconds_since "$began")$1"
}

case "${1:-run}" in
run)
	began="${MAKE_BEGAN:-$(now)}"
	check_free
	start_standins
	set -m
	env -u MAKE_BEGAN bin/flomastr serve &
	server=$!
	set +m
	echo "$server" >"$run_dir/server.pid"
	# Whatever ends us, the server first: it may still be sending.
	finish() {
		kill -TERM "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
		rm -f "$run_dir/server.pid"
		end sim || true
	}
	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	(bin/flomastr ready --wait 3m 2>/dev/null && kill -0 "$server" 2>/dev/null && welcome ". Ctrl-C ends it.") &
	code=0
	wait "$server" || code=$?
	exit "$code"
	;;
detached)
	began="${MAKE_BEGAN:-$(now)}"
	check_free
	start_standins
	set -m
	env -u MAKE_BEGAN nohup bin/flomastr serve >"$log_dir/server.log" 2>&1 </dev/null &
	server=$!
	set +m
	echo "$server" >"$run_dir/server.pid"
	waits="$(now)" # make may have done other things for long before
	until bin/flomastr ready --wait 1s 2>/dev/null; do
		if ! kill -0 "$server" 2>/dev/null; then
			last_words server
			rm -f "$run_dir/server.pid"
			end sim || true
			die "the server has ended; the lines above say why, and $log_dir/server.log says more."
		fi
		if [ $(($(now) - waits)) -gt 600000 ]; then
			die "the server is not ready after ten minutes; $log_dir/server.log says more."
		fi
	done
	welcome "; it runs in the background, make stop ends it, its log is $log_dir/server.log."
	;;
stop)
	if end server; then say "The server has stopped."; else say "No server was running."; fi
	end sim || true
	;;
*)
	die "usage: scripts/server.sh run|detached|stop"
	;;
esac
