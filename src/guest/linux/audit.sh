#!/bin/sh
# guest-contract: audit-linux/1
# parameters: since
# result: one JSON object, the last line of standard output
#
# Reads, on a VM that was just made from an image, what it brought along and what it made itself. `since` is when the VM
# was asked for, in seconds since the Unix epoch: an identity that is older came with the image. Facts, no verdicts
# (src/domain/guest/audit-linux.ts has those), and it changes nothing. What could not be read is null.

set -u
ROOT="${ROOT:-}"
# A throw-away root must never find the machine's own tools.
[ -n "$ROOT" ] || PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

LIST_MAX=8
USERS_MAX=10

have() { command -v "$1" >/dev/null 2>&1; }
bounded() {
  if have timeout; then timeout "$@"; else
    shift
    "$@"
  fi
}
yes_no() { if "$@" >/dev/null 2>&1; then printf true; else printf false; fi; }

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

# Whether a file was written before this VM was asked for.
older() { [ -n "$since" ] && [ "$(stat -c %Y "$1" 2>/dev/null || printf '%s' "$since")" -lt "$since" ]; }

machine_id_own() {
  file="$ROOT/etc/machine-id"
  case "$(cat "$file" 2>/dev/null)" in '' | uninitialized) printf false && return ;; esac
  if [ -z "$since" ]; then printf null; elif older "$file"; then printf false; else printf true; fi
}

host_keys() {
  count=0
  for file in "$ROOT"/etc/ssh/ssh_host_*_key; do [ ! -f "$file" ] || count=$((count + 1)); done
  printf '%s' "$count"
}

foreign_host_keys() {
  for file in "$ROOT"/etc/ssh/ssh_host_*_key; do
    if [ -f "$file" ] && older "$file"; then printf '%s\n' "${file##*/}"; fi
  done | list
}

in_sudoers() { grep -qs -e "^[[:space:]]*$1[[:space:]]" "$ROOT"/etc/sudoers.d/*; }

users() {
  count=0
  printf '['
  awk -F: '($3 >= 1000 || $1 == "core") && $3 < 60000 { print $1, $3, $6 }' "$ROOT/etc/passwd" 2>/dev/null |
    head -n "$USERS_MAX" | while read -r name uid home; do
    keys="$(grep -c '^[^#]' "$ROOT$home/.ssh/authorized_keys" 2>/dev/null)"
    [ "$count" = 0 ] || printf ,
    count=$((count + 1))
    printf '{"name":%s,"uid":%s,"sudoersFile":%s,"authorizedKeys":%s}' \
      "$(text "$name" 32)" "$uid" "$(yes_no in_sudoers "$name")" "${keys:-0}"
  done
  printf ']'
}

# An account that a password opens: its hash is neither empty, nor locked, nor a star.
passwords() {
  if [ ! -r "$ROOT/etc/shadow" ]; then
    printf null
    return
  fi
  awk -F: '$2 ~ /^\$/ { print $1 }' "$ROOT/etc/shadow" | list
}

homes() { awk -F: '($3 == 0 || $3 >= 1000 || $1 == "core") && $3 < 60000 && $6 != "/" { print $6 }' "$ROOT/etc/passwd" 2>/dev/null; }

histories() {
  homes | while read -r home; do
    for name in .bash_history .zsh_history .python_history .mysql_history .psql_history .lesshst .viminfo; do
      [ ! -s "$ROOT$home/$name" ] || printf '%s\n' "$home/$name"
    done
  done | list
}

# What opens doors elsewhere, and belongs to a person or a machine.
secrets() {
  {
    homes | while read -r home; do
      for name in .aws/credentials .azure/msal_token_cache.json .azure/accessTokens.json .docker/config.json .kube/config \
        .git-credentials .netrc .pgpass .config/gcloud/credentials.db .ssh/id_rsa .ssh/id_ecdsa .ssh/id_ed25519; do
        [ ! -s "$ROOT$home/$name" ] || printf '%s\n' "$home/$name"
      done
    done
    for file in /etc/pki/consumer/key.pem /etc/krb5.keytab /var/lib/waagent/ovf-env.xml.tmp /etc/kubernetes/admin.conf; do
      [ ! -s "$ROOT$file" ] || printf '%s\n' "$file"
    done
  } | list
}

cloud_init() {
  if ! have cloud-init; then
    printf '"absent"'
    return
  fi
  # Its exit code says degraded; only its words count.
  text "$(bounded 10 cloud-init status 2>/dev/null | sed -n 's/^status:[[:space:]]*//p' | head -n 1)" 16
}

failed_units() {
  if have systemctl; then
    bounded 10 systemctl list-units --failed --plain --no-legend 2>/dev/null | awk '{ print $1 }' | list
  else
    printf null
  fi
}

# Links that waagent's or azure-vm-utils' udev rules make; without either nobody can tell a LUN.
data_disk_luns() {
  for folder in "$ROOT/dev/disk/azure/data/by-lun" "$ROOT/dev/disk/azure/scsi1"; do
    if [ -d "$folder" ]; then
      # shellcheck disable=SC2012 # the names are udev's own: lun0, 0
      ls "$folder" | sed -n 's/^\(lun\)\{0,1\}\([0-9]\{1,\}\)$/\2/p' | sort -n | awk '{ printf "%s%s", (NR > 1 ? "," : "["), $1 } END { printf "%s", (NR ? "]" : "[]") }'
      return
    fi
  done
  if [ -d "$ROOT/dev/disk/azure" ]; then printf '[]'; else printf null; fi
}

if [ ! -r "$ROOT/etc/os-release" ]; then
  printf '{"error":{"code":"NO_OS_RELEASE","message":"/etc/os-release cannot be read; this Linux is not known."}}\n'
  exit 0
fi

case "${since:-}" in '' | *[!0-9]*) since= ;; esac
printf '{"hostName":%s' "$(text "$(cat "$ROOT/proc/sys/kernel/hostname" 2>/dev/null)" 64)"
printf ',"machineIdOwn":%s,"hostKeys":%s,"foreignHostKeys":%s' "$(machine_id_own)" "$(host_keys)" "$(foreign_host_keys)"
printf ',"users":%s,"passwords":%s,"histories":%s,"secrets":%s' "$(users)" "$(passwords)" "$(histories)" "$(secrets)"
printf ',"cloudInit":%s,"failedUnits":%s,"dataDiskLuns":%s}\n' "$(cloud_init)" "$(failed_units)" "$(data_disk_luns)"
