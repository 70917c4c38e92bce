#!/usr/bin/env bash
# Writes the API's description and the web app's types from the handlers' own types.
. "$(dirname "$0")/lib.sh"

bin/flomastr openapi >web/openapi.json
step "the web app's API types" npm run --prefix web generate
