# Shared by the scripts that inspect a guest. It replaces their `include` line when they are sent
# (src/source-file.ts): Run Command takes one file.

set -u
ROOT="${ROOT:-}"
# A throw-away root must never find the machine's own tools.
[ -n "$ROOT" ] || PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/share/oem/bin:/oem/bin"

MAX_BYTES=3900
LIST_MAX=8

have() { command -v "$1" >/dev/null 2>&1; }
bounded() {
  if have timeout; then timeout "$@"; else
    shift
    "$@"
  fi
}
yes_no() { if "$@" >/dev/null 2>&1; then printf true; else printf false; fi; }
read_file() { cat "$1" 2>/dev/null; }

# $1 -> a JSON string of at most $2 characters
text() {
  printf '"'
  printf '%s' "$1" | LC_ALL=C tr -c '\40-\176' ' ' | cut -c "1-$2" | sed 's/\\/\\\\/g; s/"/\\"/g; s/ *$//' | tr -d '\n'
  printf '"'
}

# stdin, one item a line -> a JSON list of at most LIST_MAX items and a last one that counts the rest
list() {
  awk -v max="$LIST_MAX" '
    NF && ++count <= max {
      item = substr($0, 1, 60) # before escaping, or the cut may split an escape
      gsub(/[^ -~]/, " ", item); gsub(/\\/, "&&", item); gsub(/"/, "\\\\&", item)
      printf "%s\"%s\"", (count > 1 ? "," : "["), item
    }
    END {
      if (count > max) printf ",\"+%d more\"", count - max
      printf "%s", (count ? "]" : "[]")
    }'
}

ssh_host_keys() {
  count=0
  for file in "$ROOT"/etc/ssh/ssh_host_*_key; do [ ! -f "$file" ] || count=$((count + 1)); done
  printf '%s' "$count"
}

in_sudoers() { grep -qs -e "^[[:space:]]*$1[[:space:]]" "$ROOT"/etc/sudoers.d/*; }

# User accounts start at 1000; Flatcar's own user, core, has 500, among its system accounts.
people() { awk -F: '($3 >= 1000 && $3 < 60000) || ($1 == "core" && $3 == 500) { print $1, $3, $6 }' "$ROOT/etc/passwd" 2>/dev/null; }

users() {
  count=0
  printf '['
  people | head -n "$((LIST_MAX + 2))" | while read -r name uid home; do
    keys="$(grep -c '^[^#]' "$ROOT$home/.ssh/authorized_keys" 2>/dev/null)"
    [ "$count" = 0 ] || printf ,
    count=$((count + 1))
    printf '{"name":%s,"uid":%s,"sudoersFile":%s,"authorizedKeys":%s}' \
      "$(text "$name" 32)" "$uid" "$(yes_no in_sudoers "$name")" "${keys:-0}"
  done
  printf ']'
}

demand_os_release() {
  [ -r "$ROOT/etc/os-release" ] && return
  printf '{"error":{"code":"NO_OS_RELEASE","message":"/etc/os-release cannot be read; this Linux is not known."}}\n'
  exit 0
}

# Prints what `report` does, with shorter lists until Run Command keeps all of it.
print_report() {
  for LIST_MAX in 8 4 2; do
    result="$(report)"
    [ "${#result}" -gt "$MAX_BYTES" ] || break
  done
  printf '%s\n' "$result"
}
