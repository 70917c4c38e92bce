#!/usr/bin/env bash
# Looks at the sources: formats, go vet, golangci-lint with our rules, that the program builds for the other systems, the
# web app's linter and types, and the scripts.
. "$(dirname "$0")/lib.sh"

go_files() { git ls-files -co --exclude-standard -- '*.go'; }

formats() {
	local wrong
	# shellcheck disable=SC2046 # a list of words
	wrong="$(go tool -modfile=tools/go.mod gofumpt -l $(go_files))"
	[ -z "$wrong" ] || { say "not formatted (go tool -modfile=tools/go.mod gofumpt -w):" "$wrong" && return 1; }
}

vet() {
	# shellcheck disable=SC2046 # a list of words
	go vet $(go list ./... | grep -v /node_modules/)
}

linters() { go tool -modfile=tools/go.mod golangci-lint run; }

# other_systems builds what has to build there; the database is then one of DATABASE_URL.
other_systems() {
	local system
	for system in darwin/arm64 windows/amd64; do
		GOOS="${system%/*}" GOARCH="${system#*/}" CGO_ENABLED=0 go build -buildvcs=false -o /dev/null ./cmd/flomastr
	done
}

step "Go's format" formats
step "go vet" vet
step "golangci-lint" linters
step "builds for macOS and Windows" other_systems
step "the web app's format and lint" npm run --prefix web lint
step "the web app's types" npm run --prefix web typecheck
if command -v shellcheck >/dev/null 2>&1; then
	step "the scripts" shellcheck -S warning -x -P scripts scripts/*.sh .ci/run
fi
