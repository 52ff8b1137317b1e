#!/bin/sh
# guest-contract: audit-linux/1
# parameters: since
# result: one JSON object, the last line of standard output
#
# Reads, on a VM that was just created from an image, what came with the image and what is new. `since` is when the VM was
# requested, in seconds since the Unix epoch: an older identity came with the image. Facts, no verdicts
# (src/domain/guest/audit-linux.ts has those), and it changes nothing. What could not be read is null.

# include: facts.sh

# Whether a file was written before this VM was requested.
older() { [ -n "$since" ] && [ "$(stat -c %Y "$1" 2>/dev/null || printf '%s' "$since")" -lt "$since" ]; }

machine_id_own() {
  file="$ROOT/etc/machine-id"
  case "$(read_file "$file")" in '' | uninitialized) printf false && return ;; esac
  if [ -z "$since" ]; then printf null; elif older "$file"; then printf false; else printf true; fi
}

foreign_host_keys() {
  for file in "$ROOT"/etc/ssh/ssh_host_*_key; do
    if [ -f "$file" ] && older "$file"; then printf '%s\n' "${file##*/}"; fi
  done | list
}

# An account with a usable password: its hash is neither empty, nor locked, nor a star.
passwords() {
  if [ ! -r "$ROOT/etc/shadow" ]; then
    printf null
    return
  fi
  awk -F: '$2 ~ /^\$/ { print $1 }' "$ROOT/etc/shadow" | list
}

homes() {
  printf '/root\n'
  people | awk '{ print $3 }'
}

histories() {
  homes | while read -r home; do
    for name in .bash_history .zsh_history .python_history .mysql_history .psql_history .lesshst .viminfo; do
      [ ! -s "$ROOT$home/$name" ] || printf '%s\n' "$home/$name"
    done
  done | list
}

# Credentials for other systems that belong to a person or a machine.
secrets() {
  {
    homes | while read -r home; do
      for name in .aws/credentials .azure/msal_token_cache.json .azure/accessTokens.json .docker/config.json .kube/config \
        .git-credentials .netrc .pgpass .config/gcloud/credentials.db .ssh/id_rsa .ssh/id_ecdsa .ssh/id_ed25519; do
        [ ! -s "$ROOT$home/$name" ] || printf '%s\n' "$home/$name"
      done
    done
    for file in /etc/pki/consumer/key.pem /etc/krb5.keytab /etc/kubernetes/admin.conf; do
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
    bounded 10 systemctl list-units --failed --plain --no-legend 2>/dev/null | awk '{ print $1 }'
  fi
}

# Links that waagent's or azure-vm-utils' udev rules make; without either, LUNs are unknown.
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

demand_os_release
case "${since:-}" in '' | *[!0-9]*) since= ;; esac
cloud_init="$(cloud_init)" failed_units="$(failed_units)"

report() {
  printf '{"hostName":%s' "$(text "$(read_file "$ROOT/proc/sys/kernel/hostname")" 64)"
  printf ',"machineIdOwn":%s,"hostKeys":%s,"foreignHostKeys":%s' "$(machine_id_own)" "$(ssh_host_keys)" "$(foreign_host_keys)"
  printf ',"users":%s,"passwords":%s,"histories":%s,"secrets":%s' "$(users)" "$(passwords)" "$(histories)" "$(secrets)"
  printf ',"cloudInit":%s,"failedUnits":%s,"dataDiskLuns":%s}' "$cloud_init" "$(if have systemctl; then printf '%s\n' "$failed_units" | list; else printf null; fi)" "$(data_disk_luns)"
}

print_report
