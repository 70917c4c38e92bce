#!/usr/bin/env bash
# Builds the web app and the programs into bin/. With the argument "server" it leaves the web app as it is.
. "$(dirname "$0")/lib.sh"

# web_is_current says whether the built app is younger than everything it is made of. A removed file makes its folder
# younger.
web_is_current() {
	[ -f web/dist/index.html ] || return 1
	[ -z "$(find web/src web/public web/build web/index.html web/docs.html web/package.json web/package-lock.json web/vite.config.ts web/tsconfig.json \
		-newer web/dist/index.html -print 2>/dev/null | head -n 1)" ]
}

version() { git describe --tags --always --dirty 2>/dev/null || echo dev; }

build_go() {
	mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(version)" -o bin/ ./cmd/flomastr ./cmd/flomastr-sim
}

if [ "${1:-all}" != server ] && ! web_is_current; then
	step "build the web app" npm run --prefix web build
fi
step "build the server" build_go
