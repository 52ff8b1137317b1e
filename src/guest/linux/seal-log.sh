#!/bin/sh
# guest-contract: seal-log-linux/1
# parameters: runId
# result: one JSON object, the last line of standard output
#
# For a seal whose clock ran out while the guest still answers: is it running, and what did it say last. Changes nothing.

set -u
ROOT="${ROOT:-}"
UNIT=vmimage-seal
STATE="$ROOT/run/$UNIT"

# Run Command keeps 4,096 bytes; quotes and line ends grow by escaping, so the text starts well below.
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
printf '{"imageState":"","running":%s,"outcome":"%s","log":%s}\n' "$running" "$outcome" \
  "$(tail -c 2500 "$STATE/seal.log" 2>/dev/null | json_string)"
