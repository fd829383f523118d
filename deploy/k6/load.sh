#!/bin/sh
# Loads one strategy after the other: those named in LOAD_STRATEGIES, else all that the service at BASE_URL serves.
set -eu
served() {
  wget -qO- "$BASE_URL/v1" | tr '{' '\n' | sed -n 's/.*"name":"\([^"]*\)","kind":"strategy".*/\1/p'
}
strategies=${LOAD_STRATEGIES:-$(served)}
[ -n "$strategies" ] || { echo "no strategy is served at $BASE_URL" >&2; exit 1; }
failed=0
for strategy in $strategies; do
  k6 run -e STRATEGY="$strategy" "${SCENARIOS:-/load/scenarios}/${LOAD_SCENARIO:-counters}.ts" || failed=1
done
exit "$failed"
