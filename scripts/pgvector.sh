#!/usr/bin/env bash
# Builds pgvector from Debian's own source package and installs it for one PostgreSQL server. Run as root.
#
# Debian 12 has PostgreSQL 15 but no pgvector, while Debian's next release carries its source. The source is fetched by
# apt from the mirror that this machine uses already, with apt's own check of the signatures, through a source list and
# state of our own: the machine's lists stay as they are.
. "$(dirname "$0")/lib.sh"

pg_config="${1:?usage: scripts/pgvector.sh PG_CONFIG}"
suite=trixie
work="$(mktemp -d "${TMPDIR:-/tmp}/flomastr-pgvector.XXXXXX")"
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # apt fetches as a user of its own
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/src"

# A mirror of Debian's main archive, from either form of apt's lists; security and third-party archives carry no such
# suite. Prints "URI<TAB>keyring", the keyring empty where the list names none.
mirror() {
	local f
	for f in /etc/apt/sources.list.d/*.sources; do
		[ -f "$f" ] || continue
		awk '
			function flush() {
				if (types ~ /(^| )deb( |$)/ && suites !~ /security/ && components ~ /(^| )main( |$)/ && uri ~ /debian/ && uri !~ /security/) {
					split(uri, u, " "); print u[1] "\t" key; done = 1; exit
				}
				types = uri = suites = components = key = ""
			}
			/^[ \t]*#/ { next }
			/^[ \t]*$/ { flush(); next }
			{ line = $0; name = tolower(line); sub(/:.*/, "", name); value = line; sub(/^[^:]*:[ \t]*/, "", value) }
			name == "types" { types = value }
			name == "uris" { uri = value }
			name == "suites" { suites = value }
			name == "components" { components = value }
			name == "signed-by" { key = value }
			END { if (!done) flush() }
		' "$f"
	done
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$f" ] || continue
		awk '
			$1 != "deb" { next }
			{
				key = ""; i = 2
				if ($2 ~ /^\[/) {
					for (; i <= NF; i++) {
						word = $i; gsub(/[][]/, "", word)
						if (word ~ /^signed-by=/) { sub(/^signed-by=/, "", word); key = word }
						if ($i ~ /\]$/) { i++; break }
					}
				}
				if ($i ~ /debian/ && $i !~ /security/ && $(i + 1) !~ /security/) { print $i "\t" key }
			}
		' "$f"
	done
}

found="$(mirror | head -n 1)"
[ -n "$found" ] || die "apt's lists name no Debian mirror to fetch pgvector's source from: install pgvector 0.8.0 or newer by hand, or set DATABASE_URL."
uri="${found%%	*}"
keyring="${found#*	}"
if [ -z "$keyring" ] && [ -f /usr/share/keyrings/debian-archive-keyring.gpg ]; then
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
fi

{
	say "Types: deb-src"
	say "URIs: $uri"
	say "Suites: $suite"
	say "Components: main"
	if [ -n "$keyring" ]; then say "Signed-By: $keyring"; fi
} >"$work/source.sources"

options=(-o "Dir::Etc::sourcelist=$work/source.sources" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/lists"
	-o "Dir::Cache=$work" -o "Dir::Cache::archives=$work/archives" -o Acquire::Retries=3 -o APT::Sandbox::User=root)
say "fetching the source from $uri ($suite)"
apt-get "${options[@]}" update
(cd "$work/src" && apt-get "${options[@]}" source --download-only pgvector)

# The original source is what we build; the Debian part beside it is packaging.
tar -xf "$work"/src/pgvector_*.orig.tar.* -C "$work/src"
dir="$(find "$work/src" -mindepth 1 -maxdepth 1 -type d | head -n 1)"
[ -n "$dir" ] || die "the source of pgvector has no folder in it."
# OPTFLAGS: built for any processor of this kind, not for this one alone, as Debian does.
make -C "$dir" -j2 PG_CONFIG="$pg_config" OPTFLAGS="" with_llvm=no
make -C "$dir" install PG_CONFIG="$pg_config" OPTFLAGS="" with_llvm=no
