#!/bin/sh
# guest-contract: seal-log-linux/1
# parameters: runId
# result: one JSON object, the last line of standard output
#
# For a seal that reached its time limit while the guest still responds: is it running, and what did it log last? Changes nothing.

set -u
ROOT="${ROOT:-}"
UNIT=vmimage-seal
STATE="$ROOT/run/$UNIT"

# What is not printable ASCII becomes '?', so the document is valid whatever a log holds.
json_string() {
  printf '"'
  LC_ALL=C tr -c '\11\12\40-\176' '?' | sed 's/\\/\\\\/g; s/"/\\"/g; s/\t/\\t/g' |
    awk '{ printf "%s%s", separator, $0; separator = "\\n" }'
  printf '"'
}

if [ ! -d "$STATE" ]; then
  printf '{"error":{"code":"NO_SEAL","message":"No seal was started since this VM booted."}}\n'
  exit 0
fi
owner="$(cat "$STATE/run-id" 2>/dev/null)"
if [ "$owner" != "${runId:-}" ]; then
  printf '{"error":{"code":"NOT_YOUR_SEAL","message":"The seal on this VM belongs to another run."}}\n'
  exit 0
fi

running=false
if systemctl is-active --quiet "$UNIT" 2>/dev/null; then running=true; fi
outcome="$(cat "$STATE/outcome" 2>/dev/null)"

# Run Command keeps 4,096 bytes, and escaping makes a log of quotes and backslashes twice as long.
for bytes in 2500 1800; do
  log="$(tail -c "$bytes" "$STATE/seal.log" 2>/dev/null | json_string)"
  [ "${#log}" -gt 3700 ] || break
done
printf '{"imageState":"","running":%s,"outcome":"%s","log":%s}\n' "$running" "$outcome" "$log"
