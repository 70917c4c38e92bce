#!/usr/bin/env bash
# Installs what is missing to build and run, and with the argument "test" what the tests need besides. What is there
# already costs next to nothing: every check is a look at a file.
. "$(dirname "$0")/lib.sh"

wanted="${1:-run}"

# version_at_least HAVE WANT compares dotted numbers.
version_at_least() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$2" ]
}

check_tools() {
	local go_version node_version
	command -v go >/dev/null 2>&1 || die "Go is missing: install Go 1.26 or newer and put its bin folder on PATH."
	go_version="$(go env GOVERSION 2>/dev/null | sed 's/^go//; s/[^0-9.].*//')"
	# Older than 1.21 go cannot fetch the version that go.mod asks for by itself.
	version_at_least "${go_version:-0}" 1.26 || die "Go ${go_version:-of an unknown version} is too old: install Go 1.26 or newer."
	command -v node >/dev/null 2>&1 || die "Node is missing: install Node 20.19 or newer with npm."
	node_version="$(node --version | sed 's/^v//')"
	version_at_least "$node_version" 20.19 || die "Node $node_version is too old: install Node 20.19 or newer."
	command -v npm >/dev/null 2>&1 || die "npm is missing: install it beside Node."
}

# pg_bins lists the folders of the installed PostgreSQL servers, newest first.
pg_bins() {
	if [ -n "${FLOMASTR_PG_BIN:-}" ]; then
		say "$FLOMASTR_PG_BIN"
		return
	fi
	{
		ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin 2>/dev/null || true
		command -v postgres >/dev/null 2>&1 && dirname "$(command -v postgres)"
		true
	} | sort -t/ -k5,5Vr 2>/dev/null
}

pg_major() { "$1/postgres" --version 2>/dev/null | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p'; }

# find_server sets PG_BIN and PG_MAJOR to the newest server of version 15 or more, preferring one that has pgvector.
find_server() {
	local bin major
	PG_BIN="" PG_MAJOR=""
	for bin in $(pg_bins); do
		[ -x "$bin/postgres" ] && [ -x "$bin/initdb" ] || continue
		major="$(pg_major "$bin")"
		[ -n "$major" ] && [ "$major" -ge 15 ] || continue
		if [ -z "$PG_BIN" ] || { ! has_vector "$PG_BIN" "$PG_MAJOR" && has_vector "$bin" "$major"; }; then
			PG_BIN="$bin" PG_MAJOR="$major"
		fi
	done
	[ -n "$PG_BIN" ]
}

vector_version() {
	local dir
	for dir in "$("$1/pg_config" --sharedir 2>/dev/null || true)" "/usr/share/postgresql/$2" "$(dirname "$1")/share" "$(dirname "$1")/share/postgresql"; do
		if [ -n "$dir" ] && [ -f "$dir/extension/vector.control" ]; then
			sed -n "s/^default_version *= *'\([^']*\)'.*/\1/p" "$dir/extension/vector.control"
			return
		fi
	done
}

has_vector() {
	local version
	version="$(vector_version "$1" "$2")"
	[ -n "$version" ] && version_at_least "$version" 0.8.0
}

apt_install() {
	can_be_root || die "These packages are missing, and installing them takes root: run once as root: apt-get install $*"
	if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; then
		as_root apt-get update -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3
		as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
	fi
}

# install NAME PACKAGE… installs packages, or says which are missing where there is no apt.
install() {
	local name="$1"
	shift
	command -v apt-get >/dev/null 2>&1 || die "$name is missing: install it with this system's packages (in Debian's words: $*)${NO_DATABASE_HINT:-}."
	can_be_root || die "$name is missing, and installing it takes root: run once as root: apt-get install $*"
	step "install $name" apt_install "$@"
}

needs_database() { [ -z "${DATABASE_URL:-}" ] && ! grep -qs '^DATABASE_URL=.' .env; }

install_database() {
	NO_DATABASE_HINT=", or set DATABASE_URL to a PostgreSQL 15 server with pgvector"
	find_server || install "PostgreSQL" postgresql
	find_server || die "this system's PostgreSQL is older than 15: install a newer one, name its programs in FLOMASTR_PG_BIN, or set DATABASE_URL."
	if ! has_vector "$PG_BIN" "$PG_MAJOR"; then
		if packaged_vector; then
			install "pgvector" "postgresql-$PG_MAJOR-pgvector"
		fi
		if ! has_vector "$PG_BIN" "$PG_MAJOR"; then
			build_vector
		fi
		has_vector "$PG_BIN" "$PG_MAJOR" || die "pgvector was installed, but PostgreSQL $PG_MAJOR in $PG_BIN does not find it."
	fi
	unset NO_DATABASE_HINT
}

# packaged_vector says whether this system has a package of pgvector that is new enough.
packaged_vector() {
	local candidate
	command -v apt-cache >/dev/null 2>&1 || return 1
	candidate="$(apt-cache policy "postgresql-$PG_MAJOR-pgvector" 2>/dev/null | sed -n 's/^ *Candidate: *//p')"
	case "$candidate" in '' | '(none)') return 1 ;; esac
	version_at_least "$(printf '%s' "$candidate" | sed 's/^[0-9]*://; s/[^0-9.].*//')" 0.8.0
}

build_vector() {
	command -v apt-get >/dev/null 2>&1 || die "pgvector is missing for PostgreSQL $PG_MAJOR: install version 0.8.0 or newer, or set DATABASE_URL."
	can_be_root || die "pgvector is missing, and installing it takes root: run once as root: $ROOT/scripts/deps.sh"
	# Only what is missing: a second try after an interruption starts where the first one ended.
	local missing=""
	command -v gcc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
	command -v make >/dev/null 2>&1 || missing="$missing make"
	# The makefiles come with the server; its headers do not.
	[ -f "$("$PG_BIN/pg_config" --includedir-server 2>/dev/null || echo /nonexistent)/postgres.h" ] || missing="$missing postgresql-server-dev-$PG_MAJOR"
	command -v xz >/dev/null 2>&1 || missing="$missing xz-utils"
	# shellcheck disable=SC2086 # a list of words
	[ -z "$missing" ] || install "pgvector's build tools" $missing
	step "build pgvector from Debian's source" as_root "$ROOT/scripts/pgvector.sh" "$PG_BIN/pg_config"
}

install_programs() {
	local missing=""
	command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils"
	command -v pandoc >/dev/null 2>&1 || missing="$missing pandoc"
	command -v rsvg-convert >/dev/null 2>&1 || missing="$missing librsvg2-bin"
	# Text in pictures and scans, in the languages of the web app; others can be added (tesseract-ocr-fra, …).
	command -v tesseract >/dev/null 2>&1 || missing="$missing tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd tesseract-ocr-ara tesseract-ocr-spa tesseract-ocr-por tesseract-ocr-hin"
	# shellcheck disable=SC2086 # a list of words
	[ -z "$missing" ] || install "the document readers" $missing
	[ "$wanted" = test ] || return 0
	missing=""
	command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium"
	# Isolation is proven through a pooler too.
	[ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null 2>&1 || missing="$missing pgbouncer"
	# The race detector is C.
	command -v gcc >/dev/null 2>&1 && [ -e /usr/include/stdlib.h ] || missing="$missing gcc libc6-dev"
	# shellcheck disable=SC2086 # a list of words
	[ -z "$missing" ] || [ "$(uname)" = Darwin ] || install "what the tests need" $missing
}

install_modules() {
	if ! fresh go.sum go.sum; then
		step "Go modules" go mod download
		stamp go.sum go.sum
	fi
	# npm writes its own copy of the lock last: without it an earlier run was cut short.
	if [ ! -f web/node_modules/.package-lock.json ] || ! fresh npm web/package-lock.json web/package.json; then
		step "npm packages" npm ci --prefix web --no-audit --no-fund
		stamp npm web/package-lock.json web/package.json
	fi
	[ "$wanted" = test ] || return 0
	local agents=web/e2e/langchain
	if [ ! -f "$agents/node_modules/.package-lock.json" ] || ! fresh langchain "$agents/package-lock.json" "$agents/package.json"; then
		step "LangChain's packages" npm ci --prefix "$agents" --no-audit --no-fund
		stamp langchain "$agents/package-lock.json" "$agents/package.json"
	fi
}

began="$(now)"
check_owner
check_tools
if needs_database; then install_database; fi
install_programs
install_modules
say "Dependencies are there ($(seconds_since "$began"))."
