# shellcheck shell=bash
# Shared by the scripts of this folder; sourced, never run. It works with the bash 3.2 of macOS.
#
# It finds the project's root, so that everything works from any folder, and gives the words the scripts are written in:
# say, die, step (runs a command, tells how long it took, and shows its output only when it fails) and as_root.

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$ROOT"

# Go's usual place is often missing from root's PATH.
if ! command -v go >/dev/null 2>&1 && [ -x /usr/local/go/bin/go ]; then
	PATH="$PATH:/usr/local/go/bin"
	export PATH
fi

# What a browser for tests would download is installed as a package instead.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 PUPPETEER_SKIP_DOWNLOAD=1

STAMPS="$ROOT/bin/.stamps"

say() { printf '%s\n' "$*"; }

die() {
	printf 'flomastr: %s\n' "$*" >&2
	exit 1
}

# now gives milliseconds where the system can, else whole seconds.
now() {
	local t
	t="$(date +%s%N 2>/dev/null)"
	case "$t" in
	*N | '') echo "$(($(date +%s) * 1000))" ;;
	*) echo "$((t / 1000000))" ;;
	esac
}

seconds_since() {
	local ms=$(($(now) - $1))
	printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# step NAME COMMAND… runs the command quietly.
step() {
	local name="$1" began log
	shift
	began="$(now)"
	log="$(mktemp "${TMPDIR:-/tmp}/flomastr-step.XXXXXX")"
	printf '  %-34s ' "$name"
	if "$@" >"$log" 2>&1; then
		say "$(seconds_since "$began")"
		rm -f "$log"
		return 0
	fi
	say "failed after $(seconds_since "$began")"
	tail -n 40 "$log" >&2
	rm -f "$log"
	die "$name failed; the lines above say why."
}

# as_root runs a command as root: directly, or through sudo where that is possible without a question or with somebody
# there to answer it. ROOT_PLEASE is the sentence for everybody else.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
		sudo "$@"
	else
		return 77
	fi
}

can_be_root() {
	[ "$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; }
}

# fresh STAMP FILE… says whether a stamp was made from exactly these files.
fingerprint() { cat "$@" 2>/dev/null | cksum; }
fresh() {
	local stamp="$STAMPS/$1"
	shift
	[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint "$@")" ]
}
stamp() {
	local stamp="$STAMPS/$1"
	shift
	mkdir -p "$STAMPS"
	fingerprint "$@" >"$stamp"
}

# check_owner ends early when an earlier run as another user has left folders that this one cannot write.
check_owner() {
	local dir
	for dir in . bin .flomastr web web/dist web/node_modules; do
		if [ -e "$dir" ] && [ ! -w "$dir" ]; then
			die "$ROOT/$dir cannot be written by $(id -un): an earlier run was another user's; run as that user, or give the folder to this one with chown -R."
		fi
	done
}
