#!/usr/bin/env bash
# Removes what was built and installed into this folder. The data directory stays: it holds what cannot be made again.
. "$(dirname "$0")/lib.sh"

if [ -x bin/flomastr ]; then scripts/server.sh stop >/dev/null; fi
find web/dist -mindepth 1 ! -name .gitkeep -delete 2>/dev/null || true
rm -rf bin web/node_modules
say "Removed bin, web/dist and web/node_modules; the data under .flomastr is still there."
