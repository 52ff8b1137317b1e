#!/bin/sh
# guest-contract: seal-linux/1
# parameters: runId markerUrl* removeUsers keepUsers allowedRemedies unregister selfPowerOff
# result: one JSON object, the last line of standard output
#
# Generalizes a Linux VM. Two phases in one file: Run Command starts it; it copies itself to /run (tmpfs, so nothing
# of it stays in the image) and lets systemd run the copy, because deprovisioning stops the agent first and the agent
# takes its children with it (WALinuxAgent#489, #1792). Steps and their order: docs/generalization.md.
# Every path goes through ROOT and every command through PATH, so that tests run it in a throw-away root.

set -u
ROOT="${ROOT:-}"
UNIT=vmimage-seal
STATE="$ROOT/run/$UNIT"
LOG="$STATE/seal.log"
# A throw-away root must never find the machine's own poweroff.
[ -n "$ROOT" ] || PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/share/oem/bin:/oem/bin"

have() { command -v "$1" >/dev/null 2>&1; }
log() { printf '%s\n' "$*"; }
note() { cat "$STATE/$1" 2>/dev/null; }
bounded() {
  if have timeout; then timeout "$@"; else
    shift
    "$@"
  fi
}

# stdin -> one JSON string; what is not printable ASCII becomes '?', so the document is valid whatever a log holds.
json_string() {
  printf '"'
  LC_ALL=C tr -c '\11\12\40-\176' '?' | sed 's/\\/\\\\/g; s/"/\\"/g; s/\t/\\t/g' |
    awk '{ printf "%s%s", separator, $0; separator = "\\n" }'
  printf '"'
}

# stdin, one item a line -> a JSON list
json_list() {
  printf '['
  separator=
  while IFS= read -r item; do
    printf '%s' "$separator"
    printf '%s\n' "$item" | json_string
    separator=,
  done
  printf ']'
}

refuse() {
  printf '{"error":{"code":"%s","message":%s}}\n' "$1" "$(printf '%s' "$2" | json_string)"
  exit 0
}

started() {
  printf '{"started":true,"unit":"%s"}\n' "$UNIT"
  exit 0
}

start() {
  runId="${runId:-}" url="${markerUrl:-}"
  # Run Command exports its parameters: no command started here may inherit this one.
  unset markerUrl
  case "$url" in
    http://* | https://*) ;;
    *) refuse BAD_PARAMETER "markerUrl must be an http(s) URL." ;;
  esac
  case "$url" in *[!A-Za-z0-9:/?\&=%._~+,\;@-]*) refuse BAD_PARAMETER "markerUrl holds characters that no URL has." ;; esac
  case "$runId" in '' | *[!A-Za-z0-9._-]*) refuse BAD_PARAMETER "runId must be letters, digits, dots, dashes." ;; esac
  case "${removeUsers:-}${keepUsers:-}${allowedRemedies:-}" in
    *[!A-Za-z0-9._,-]*) refuse BAD_PARAMETER "removeUsers, keepUsers and allowedRemedies are comma-separated names." ;;
  esac

  if ! have systemd-run || [ ! -d "$ROOT/run/systemd/system" ]; then
    refuse NO_SYSTEMD "systemd-run is needed: a seal started as a child of the agent dies with it."
  fi
  if ! have waagent && ! have cloud-init; then
    refuse NO_AGENT_AND_NO_CLOUD_INIT "Neither waagent nor cloud-init is installed; nothing would provision a VM made from this image."
  fi
  if systemctl is-active --quiet "$UNIT" 2>/dev/null; then
    # The same request gets the same answer; Run Command may be sent twice.
    [ "$(note run-id)" = "$runId" ] && started
    refuse ANOTHER_SEAL_RUNNING "Another run is sealing this VM: $(note run-id)."
  fi
  [ "$(note outcome)" = sealed ] && refuse ALREADY_SEALED "This VM was sealed since it started; it only has to stop."

  # The URL waits in a file that only root reads and that lives in memory: a command line would show it to ps and
  # to the journal, a unit's environment to systemctl show.
  umask 077
  rm -rf "$STATE"
  { mkdir -p "$STATE" && cp "$0" "$STATE/seal.sh"; } || refuse NO_ROOM "Cannot write to $STATE."
  printf '%s' "$url" >"$STATE/marker-url"
  printf '%s' "$runId" >"$STATE/run-id"
  printf '%s' "${removeUsers:-}" >"$STATE/remove-users"
  printf '%s' "${keepUsers:-}" >"$STATE/keep-users"
  printf '%s' "${allowedRemedies:-}" >"$STATE/remedies"
  printf '%s' "${unregister:-}" >"$STATE/unregister"
  printf '%s' "${selfPowerOff:-true}" >"$STATE/power-off"

  systemctl reset-failed "$UNIT" >/dev/null 2>&1
  # systemd before 236 does not know --collect.
  if systemd-run --quiet --unit="$UNIT" --collect /bin/sh "$STATE/seal.sh" detached >/dev/null 2>&1 ||
    systemd-run --unit="$UNIT" /bin/sh "$STATE/seal.sh" detached >/dev/null 2>"$STATE/start.err"; then
    started
  fi
  reason="$(note start.err)"
  rm -rf "$STATE"
  refuse DETACH_FAILED "systemd-run did not start the seal: $(printf '%s' "$reason" | cut -c 1-300 | head -n 3)"
}

# ---- the detached phase ------------------------------------------------------------------------------------------

write_marker() { # outcome, step, message
  {
    printf '{"contract":"seal-marker/1","runId":"%s","outcome":"%s"' "$(note run-id)" "$1"
    [ -z "$2" ] || printf ',"step":"%s","message":%s' "$2" "$(printf '%s' "$3" | json_string)"
    printf ',"removedUsers":%s' "$(note removed-users | json_list)"
    # Lines, then bytes: a log of one endless line must fit as well.
    printf ',"log":%s}' "$(tail -n 400 "$LOG" | tail -c 30000 | json_string)"
  } >"$STATE/marker.json"
}

# The URL goes through standard input: never on a command line.
put_with() {
  case "$1" in
    curl)
      printf 'url = "%s"\n' "$MARKER_URL" | curl --config - --silent --show-error --fail --max-time 60 --request PUT \
        --header 'x-ms-blob-type: BlockBlob' --header 'Content-Type: application/json' \
        --data-binary "@$STATE/marker.json" --output /dev/null
      ;;
    wget)
      printf '%s\n' "$MARKER_URL" | wget --quiet --tries=1 --timeout=60 --method=PUT \
        --header='x-ms-blob-type: BlockBlob' --header='Content-Type: application/json' \
        --body-file="$STATE/marker.json" --output-document=/dev/null --input-file=-
      ;;
    python3)
      printf '%s\n' "$MARKER_URL" | python3 -c '
import sys, urllib.request
try:
    headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": "application/json"}
    body = open(sys.argv[1], "rb").read()
    request = urllib.request.Request(sys.stdin.readline().strip(), body, headers, method="PUT")
    urllib.request.urlopen(request, timeout=60)
except Exception as error:
    sys.exit("marker: %s %s" % (type(error).__name__, getattr(error, "code", "")))
' "$STATE/marker.json"
      ;;
  esac
}

put_marker() {
  write_marker "$@"
  for pause in 0 5 15 30 60; do
    [ "$pause" = 0 ] || sleep "$pause"
    for tool in curl wget python3; do
      if have "$tool" && put_with "$tool"; then return 0; fi
    done
    log "marker: not accepted; trying again"
  done
  return 1
}

fail() { # step, message
  log "$UNIT: step $1 failed: $2"
  printf failed >"$STATE/outcome"
  restore_resolver
  put_marker failed "$1" "$2" || log "$UNIT: the marker could not be written"
  exit 1
}

# A step runs in a subshell under -e, so that its first failing command ends it; its findings are files in STATE.
step() { # name, function
  log "$UNIT: step $1"
  (
    set -e
    "$2"
  )
  status=$?
  [ "$status" = 0 ] || fail "$1" "ended with $status"
}

user_field() { awk -F: -v name="$1" -v field="$2" '$1 == name { print $field }' "$ROOT/etc/passwd"; }
listed() { case ",$2," in *",$1,"*) return 0 ;; esac; return 1; }

agent_user() { sed -n 's/.*<[A-Za-z0-9]*:\{0,1\}UserName>\([^<]*\)<.*/\1/p' "$ROOT/var/lib/waagent/ovf-env.xml" 2>/dev/null | head -n 1; }

# The user that the platform provisioned: from ovf-env.xml or, if that is missing (a second deprovision; waagent then skips
# the user with a warning) the first name in the sudoers files that the agent and cloud-init write.
provisioned_user() {
  user="$(agent_user)"
  [ -n "$user" ] || user="$(cat "$ROOT/etc/sudoers.d/waagent" "$ROOT/etc/sudoers.d/90-cloud-init-users" 2>/dev/null |
    sed -n 's/^\([A-Za-z_][A-Za-z0-9._-]*\)[[:space:]]\{1,\}ALL.*/\1/p' | head -n 1)"
  printf '%s\n' "$user"
}

mount_below() { awk -v home="$1" 'home != "" && index($2 "/", home "/") == 1 { print $2; exit }' "$ROOT/proc/mounts" 2>/dev/null; }

# First, because later steps destroy what it reads.
inspect() {
  asked="$(note remove-users)" kept="$(note keep-users)"
  if [ -n "$asked" ]; then printf '%s\n' "$asked" | tr ',' '\n'; else provisioned_user; fi >"$STATE/candidates"
  : >"$STATE/users"
  lowest=1000
  [ ! -d "$ROOT/boot/flatcar" ] || lowest=500 # its own user, core, has 500
  while IFS= read -r user; do
    if [ -z "$user" ] || listed "$user" "$kept"; then continue; fi
    uid="$(user_field "$user" 3)"
    if [ -z "$uid" ]; then
      log "user $user: not here"
    elif [ "$uid" -lt "$lowest" ]; then
      log "user $user has uid $uid: a system account is not removed"
      exit 1
    elif mounted="$(mount_below "$(user_field "$user" 6)")" && [ -n "$mounted" ]; then
      # Removing the home would erase what is mounted there, and a share belongs to others as well.
      log "user $user: $mounted is a mount point; unmount it first"
      exit 1
    else
      printf '%s\n' "$user" >>"$STATE/users"
    fi
  done <"$STATE/candidates"

  if [ -L "$ROOT/etc/resolv.conf" ]; then
    readlink "$ROOT/etc/resolv.conf" >"$STATE/resolv-link"
  elif [ -f "$ROOT/etc/resolv.conf" ]; then
    cp "$ROOT/etc/resolv.conf" "$STATE/resolv-file"
  fi
}

# A pay-as-you-go SLES is registered with Azure's update servers and has a record of them; an own registration code may
# use the same servers and then leaves a mark (cloud-regionsrv-client, registerutils.py). As in preflight.sh.
has_own_suse_code() {
  [ -e "$ROOT/etc/zypp/credentials.d/SCCcredentials" ] || return 1
  for file in "$ROOT"/var/*/cloudregister/rmt_is_scc_proxy; do [ ! -e "$file" ] || return 0; done
  for file in "$ROOT"/var/*/cloudregister/currentSMTInfo.obj; do [ ! -e "$file" ] || return 1; done
}

# Before anything else is removed: notifying the vendor needs the network and the VM's identity. A copy has the source's
# identity: if it unregistered, the source would lose its subscription, so a copy only removes its local state.
leave_subscription() {
  tell=$(note unregister)
  if have subscription-manager && [ -e "$ROOT/etc/pki/consumer/cert.pem" ]; then
    [ "$tell" != true ] || bounded 120 subscription-manager unregister ||
      log "subscription: unregister failed, local data is cleaned all the same"
    bounded 120 subscription-manager clean
  fi
  # The tools may have been removed while their files remain.
  rm -f "$ROOT"/etc/pki/consumer/*.pem "$ROOT"/etc/pki/entitlement/*.pem "$ROOT/etc/insights-client/machine-id" \
    "$ROOT/etc/insights-client/.registered"
  # A pay-as-you-go SLES stays registered, as its vendor expects of images; in another region it registers again by itself.
  if has_own_suse_code; then
    # SUSEConnect leaves de-registering to registercloudguest where that is installed.
    if [ "$tell" = true ]; then
      if have registercloudguest; then bounded 120 registercloudguest --clean; else bounded 120 SUSEConnect --de-register; fi ||
        log "subscription: de-register failed, local data is cleaned all the same"
    fi
    if have SUSEConnect; then bounded 120 SUSEConnect --cleanup; fi
    # With a record of servers left, registercloudguest would take a new VM for registered.
    rm -rf "$ROOT/etc/zypp/credentials.d/SCCcredentials" "$ROOT"/var/lib/cloudregister/* "$ROOT"/var/cache/cloudregister/*
  fi
  # The machine token of Ubuntu Pro is this machine's; an Azure Pro image attaches by itself at its first boot.
  if [ -e "$ROOT/var/lib/ubuntu-advantage/private/machine-token.json" ]; then
    [ "$tell" != true ] || ! have pro || bounded 120 pro detach --assume-yes ||
      log "subscription: detach failed, local data is cleaned all the same"
    rm -f "$ROOT"/var/lib/ubuntu-advantage/private/* "$ROOT/var/lib/ubuntu-advantage/status.json"
    # apt's passwords for its archives, and the archives: without a password they would fail every update.
    rm -f "$ROOT/etc/apt/auth.conf.d/90ubuntu-advantage"
    for file in "$ROOT"/etc/apt/sources.list.d/*; do
      if grep -qs '^[^#]*//esm\.ubuntu\.com' "$file"; then rm -f "$file"; fi
    done
  fi
}

# The resource disk is empty on a new VM: an fstab line for swap on it fails or delays the boot.
drop_resource_swap() {
  for file in "$ROOT/mnt/resource/swapfile" "$ROOT/mnt/swapfile" "$ROOT/mnt/swap.img"; do
    [ -e "$file" ] || continue
    swapoff "$file" 2>/dev/null || log "swap: $file was not in use"
    rm -f "$file"
  done
  if [ -f "$ROOT/etc/fstab" ]; then
    awk '!($3 == "swap" && $1 ~ /^\/(mnt|dev\/disk\/(cloud\/azure_resource|azure\/resource))/)' "$ROOT/etc/fstab" >"$STATE/fstab"
    cat "$STATE/fstab" >"$ROOT/etc/fstab"
  fi
}

deprovision_agent() {
  if have waagent; then
    how=-deprovision
    user="$(agent_user)"
    if [ -n "$user" ] && grep -qx -e "$user" "$STATE/users"; then how=-deprovision+user; fi
    bounded 300 waagent -force "$how"
  else
    log "agent: not installed; cloud-init provisions alone"
  fi
  # cloud-init keeps ovf-env.xml here too, and the agent's own clean-up misses what extensions left.
  rm -rf "$ROOT/var/lib/waagent" "$ROOT/var/log/azure"
  rm -f "$ROOT"/var/log/waagent*.log*
}

clean_cloud_init() {
  if ! have cloud-init; then
    log "cloud-init: not installed; the agent provisions alone"
    return 0
  fi
  if ! help="$(bounded 60 cloud-init clean --help 2>&1)"; then
    # Versions before 0.7.9 have no clean.
    rm -rf "$ROOT"/var/lib/cloud/instance "$ROOT"/var/lib/cloud/instances "$ROOT"/var/lib/cloud/data "$ROOT"/var/lib/cloud/sem
  else
    set -- --logs
    case "$help" in *--seed*) set -- "$@" --seed ;; esac
    case "$help" in *--machine-id*) set -- "$@" --machine-id ;; esac
    bounded 300 cloud-init clean "$@"
  fi
  rm -f "$ROOT"/var/log/cloud-init*.log*
  # The detected datasource and the network it rendered, with this VM's MAC address; both are recreated at the first boot.
  rm -f "$ROOT/etc/cloud/ds-identify.cfg" "$ROOT"/etc/cloud/cloud.cfg.d/*subiquity* "$ROOT"/etc/cloud/cloud.cfg.d/*installer*
  if cat "$ROOT/etc/cloud/cloud.cfg" "$ROOT"/etc/cloud/cloud.cfg.d/*.cfg 2>/dev/null | grep -q '^[^#]*config:[[:space:]]*disabled'; then
    log "cloud-init: does not configure the network here; its former files stay"
    return 0
  fi
  # Files with its name are its own, and not all of its renderers sign them; others it signs in their first lines.
  rm -f "$ROOT"/etc/netplan/50-cloud-init.yaml "$ROOT"/etc/network/interfaces.d/50-cloud-init* \
    "$ROOT"/etc/NetworkManager/system-connections/cloud-init-* "$ROOT"/etc/systemd/network/10-cloud-init-*
  for file in "$ROOT"/etc/netplan/*.yaml "$ROOT"/etc/sysconfig/network-scripts/ifcfg-* "$ROOT"/etc/sysconfig/network/ifcfg-*; do
    [ -f "$file" ] || continue
    if head -n 3 "$file" | grep -qi -e 'generated from information provided by the datasource' -e 'created by cloud-init' -e 'generated by cloud-init'; then
      rm -f "$file"
    fi
  done
}

# Drops a user's own rules ("name ALL=(ALL) ALL", "User rules for name"); a file that is left with only comments is removed too.
drop_sudoers_of() {
  for file in "$ROOT"/etc/sudoers.d/*; do
    [ -f "$file" ] || continue
    grep -q -e "^[[:space:]]*$2[[:space:]]" -e "^# User rules for $2\$" "$file" || continue
    sed -i -e "/^[[:space:]]*$2[[:space:]]/d" -e "/^# User rules for $2\$/d" "$file"
    grep -q '^[[:space:]]*[^#[:space:]]' "$file" || rm -f "$file"
  done
}

remove_users() {
  : >"$STATE/removed-users"
  while IFS= read -r user; do
    home="$(user_field "$user" 6)"
    pattern="$(printf '%s' "$user" | sed 's/\./\\./g')"
    if [ -n "$(user_field "$user" 3)" ]; then
      if have loginctl; then loginctl terminate-user "$user" >/dev/null 2>&1 || log "user $user: no session"; fi
      # userdel warns with a code of its own about a home or mail box that is gone; what counts is the next line.
      userdel -f -r -- "$user" || log "user $user: userdel ended with $?"
      [ -z "$(user_field "$user" 3)" ]
    fi
    # The agent removes the account but not its sudoers rule (WALinuxAgent#3663).
    drop_sudoers_of file "$pattern"
    case "$home" in /home/?*) rm -rf "$ROOT${home:?}" ;; esac
    rm -rf "$ROOT/var/spool/cron/crontabs/$user" "$ROOT/var/spool/cron/$user" "$ROOT/var/spool/cron/tabs/$user" \
      "$ROOT/var/lib/systemd/linger/$user" "$ROOT/var/mail/$user" "$ROOT/var/spool/mail/$user"
    printf '%s\n' "$user" >>"$STATE/removed-users"
  done <"$STATE/users"
  # Backups beside each file, and Debian's own, still contain the removed user's password hash.
  for file in passwd shadow group gshadow; do rm -f "$ROOT/etc/$file-" "$ROOT/var/backups/$file.bak"; done
  rm -f "$ROOT/etc/subuid-" "$ROOT/etc/subgid-"
  # cloud-init puts the user's key into root's file as well, behind a "please login as" command.
  if ! listed root "$(note keep-users)"; then
    rm -f "$ROOT/root/.ssh/authorized_keys" "$ROOT/root/.ssh/known_hosts"
  elif [ -f "$ROOT/root/.ssh/authorized_keys" ]; then
    sed -i '/command="echo [^"]*Please login as the user/d' "$ROOT/root/.ssh/authorized_keys"
  fi
}

drop_host_keys() { rm -f "$ROOT"/etc/ssh/ssh_host_*; }

# Custom netplan and networkd files with this VM's MAC address match no NIC of another VM. The
# interface's name takes the address's place; an address to be given to the NIC goes, since Azure drops its packets.
unpin_network() {
  for file in "$ROOT"/etc/netplan/*.yaml; do
    grep -qs 'macaddress:' "$file" || continue
    log "unpin-network: ${file#"$ROOT"}"
    # Read twice: which names each interface gets, then the change.
    awk '
      function bare(word) { gsub(/["\047]/, "", word); return word }
      FNR == 1 { pass++; section = ids = matching = "" }
      { match($0, /^ */); depth = RLENGTH; key = $1; sub(/:.*/, "", key); key = bare(key); told = NF && key !~ /^#/ }
      told && section != "" && depth <= section { section = ids = "" }
      told && section != "" && ids == "" { ids = depth }
      told && key == "ethernets" { section = depth; ids = "" }
      told && ids != "" && depth == ids { id = key }
      told && matching != "" && depth <= matching { matching = "" }
      told && key == "match" { matching = depth }
      pass == 1 && key == "set-name" { given[id] = bare($2) }
      pass == 1 && matching != "" && / *name:/ { named[id] = 1 }
      pass == 1 { next }
      section != "" && /macaddress:/ {
        if (matching == "" || (named[id] && key != "match")) next
        address = "macaddress: *[\"\047]?[0-9a-fA-F:-]+[\"\047]?"
        if (named[id]) sub(address " *,? *", ""); else sub(address, "name: \"" (id in given ? given[id] : id) "\"")
      }
      { print }' "$file" "$file" >"$STATE/unpinned"
    cat "$STATE/unpinned" >"$file"
  done
  for file in "$ROOT"/etc/systemd/network/*; do
    grep -qs '^MACAddress=' "$file" || continue
    log "unpin-network: ${file#"$ROOT"}"
    sed -i -e '/^\[Match\]/,/^\[[^M]/s/^MACAddress=.*/Driver=hv_netvsc/' -e '/^MACAddress=/d' "$file"
  done
}

drop_network_identity() {
  rm -f "$ROOT"/etc/udev/rules.d/70-persistent-net.rules "$ROOT"/etc/udev/rules.d/75-persistent-net-generator.rules \
    "$ROOT"/etc/udev/rules.d/85-persistent-net-cloud-init.rules
  for file in "$ROOT"/etc/sysconfig/network-scripts/ifcfg-* "$ROOT"/etc/sysconfig/network/ifcfg-*; do
    [ -f "$file" ] || continue
    # The agent's own host name in DHCP_HOSTNAME would be every new VM's (azurelinuxagent, osutil/redhat.py).
    sed -i -e '/^[[:space:]]*\(HWADDR\|UUID\|LLADDR\)=/d' -e '/^DHCP_HOSTNAME="\{0,1\}localhost/d' "$file"
  done
  for file in "$ROOT"/etc/NetworkManager/system-connections/*; do
    [ -f "$file" ] || continue
    sed -i '/^[[:space:]]*\(uuid\|mac-address\)[[:space:]]*=/d' "$file"
  done
  if listed unpin-network "$(note remedies)"; then unpin_network; fi
  rm -rf "$ROOT"/var/lib/dhclient/* "$ROOT"/var/lib/dhcp/* "$ROOT"/var/lib/dhcpcd/* "$ROOT"/var/lib/wicked/*.xml \
    "$ROOT"/var/lib/NetworkManager/*.lease "$ROOT"/var/lib/NetworkManager/timestamps "$ROOT"/var/lib/NetworkManager/secret_key
  # waagent does this too; a VM without it would carry its name into the image.
  if [ -f "$ROOT/etc/hostname" ]; then printf 'localhost.localdomain\n' >"$ROOT/etc/hostname"; fi
}

# waagent deletes resolv.conf. A link is put back for good: on Flatcar and on systemd-resolved systems nothing else
# would. A plain file is put back only until the marker is written: the next boot makes a new one.
restore_resolver() {
  if [ -s "$STATE/resolv-link" ]; then
    [ -L "$ROOT/etc/resolv.conf" ] || ln -sfn "$(note resolv-link)" "$ROOT/etc/resolv.conf"
    # A link that we create has our label; its readers are confined by SELinux.
    if have restorecon; then restorecon -F "$ROOT/etc/resolv.conf" || log "resolver: not relabelled"; fi
  elif [ -f "$STATE/resolv-file" ] && [ ! -e "$ROOT/etc/resolv.conf" ]; then
    cp "$STATE/resolv-file" "$ROOT/etc/resolv.conf"
    chmod 644 "$ROOT/etc/resolv.conf"
    : >"$STATE/resolv-borrowed"
  fi
}

# Emptied, not deleted: systemd fills an empty file at boot, while a missing one makes that boot a "first boot" with
# questions. The link of D-Bus stays; a copy would keep the old identity alive.
empty_machine_id() {
  : >"$ROOT/etc/machine-id"
  chmod 444 "$ROOT/etc/machine-id"
  if [ -f "$ROOT/var/lib/dbus/machine-id" ] && [ ! -L "$ROOT/var/lib/dbus/machine-id" ]; then
    ln -sfn /etc/machine-id "$ROOT/var/lib/dbus/machine-id"
  fi
  # Besides the machine-id, what systemd expects each copy to recreate (systemd, "Building Images").
  rm -f "$ROOT/var/lib/systemd/random-seed" "$ROOT/var/lib/systemd/credential.secret" "$ROOT/boot/loader/random-seed" \
    "$ROOT/boot/efi/loader/random-seed" "$ROOT/efi/loader/random-seed"
  # Flatcar provisions by Ignition, which runs only when this flag is there.
  if [ -d "$ROOT/boot/flatcar" ]; then : >"$ROOT/boot/flatcar/first_boot"; fi
}

scrub_traces() {
  # Home directories can be anywhere, and some in /home no longer have an account.
  { awk -F: '{ print $6 }' "$ROOT/etc/passwd" && cd "$ROOT/" && printf '/%s\n' root home/*; } | sort -u |
    while IFS= read -r home; do
      [ -d "$ROOT$home" ] || continue
      for file in .bash_history .zsh_history .sh_history .ash_history .python_history .node_repl_history .mysql_history \
        .psql_history .rediscli_history .local/share/fish/fish_history .lesshst .viminfo .wget-hsts .sudo_as_admin_successful; do
        rm -f "$ROOT$home/$file"
      done
    done
  # The journal is still written to; without this it would come back to disk while the VM stops.
  if have journalctl; then journalctl --relinquish-var >/dev/null 2>&1 || log "journal: cannot be relinquished"; fi
  rm -rf "$ROOT"/var/log/journal/* "$ROOT"/var/crash/* "$ROOT"/var/lib/systemd/coredump/* "$ROOT"/var/log/anaconda
  # Logins where they are databases, and an installer's answers, with root's password hash in them.
  rm -rf "$ROOT"/var/lib/wtmpdb/* "$ROOT"/var/lib/lastlog/* "$ROOT"/root/*-ks.cfg
  find "$ROOT/var/log" -type f \( -name '*.gz' -o -name '*.xz' -o -name '*.bz2' -o -name '*.zst' -o -name '*.old' \
    -o -name '*.[0-9]' -o -name '*-[12][0-9][0-9][0-9][0-9][0-9][0-9][0-9]' \) -exec rm -f {} +
  find "$ROOT/var/log" -type f -size +0 | while IFS= read -r file; do : >"$file"; done
  # Downloaded packages: not needed any more, and every image would contain them.
  rm -rf "$ROOT"/var/cache/apt/archives/*.deb "$ROOT"/var/cache/dnf/* "$ROOT"/var/cache/yum/* "$ROOT"/var/cache/tdnf/* \
    "$ROOT"/var/cache/zypp/packages/* "$ROOT"/var/lib/snapd/cache/*
  for directory in "$ROOT/tmp" "$ROOT/var/tmp"; do
    [ -d "$directory" ] || continue
    # Never into what is mounted there.
    find "$directory" -xdev -depth -mindepth 1 ! -path "$directory/systemd-private-*" -delete ||
      log "traces: not all of ${directory#"$ROOT"} could be removed"
  done
}

# A step that succeeded does not prove a clean image: what matters most is checked once more.
verify() {
  remains=
  [ ! -s "$ROOT/etc/machine-id" ] || remains="$remains machine-id"
  for file in "$ROOT"/etc/ssh/ssh_host_*; do [ ! -e "$file" ] || remains="$remains ${file##*/}"; done
  while IFS= read -r user; do
    [ -z "$(user_field "$user" 3)" ] || remains="$remains user:$user"
  done <"$STATE/users"
  [ ! -e "$ROOT/var/lib/waagent/ovf-env.xml" ] || remains="$remains ovf-env.xml"
  for file in "$ROOT"/var/lib/cloud/instances/*; do [ ! -e "$file" ] || remains="$remains cloud-init:${file##*/}"; done
  [ ! -e "$ROOT/etc/pki/consumer/cert.pem" ] || remains="$remains subscription"
  [ -z "$remains" ] || {
    log "verify: still there:$remains"
    exit 1
  }
}

# A courtesy, not a condition: that the seal has started, Azure hears from the agent, which the steps stop. The agent notes
# each of its reports in a file; one newer than the end of the first phase contains it.
let_agent_report() {
  sleep 1
  : >"$STATE/returned"
  for pause in 2 4 8; do
    sleep "$pause"
    [ -z "$(find "$ROOT/var/lib/waagent" -name 'waagent_status*.json' -newer "$STATE/returned" 2>/dev/null)" ] || return 0
  done
}

power_off() { systemctl poweroff || poweroff || shutdown -P now; }

detached() {
  umask 022
  exec >>"$LOG" 2>&1 </dev/null
  MARKER_URL="$(note marker-url)"
  rm -f "$STATE/marker-url"
  let_agent_report

  step inspect inspect
  step subscription leave_subscription
  step swap drop_resource_swap
  step agent deprovision_agent
  step cloud-init clean_cloud_init
  step users remove_users
  step ssh drop_host_keys
  step network drop_network_identity
  step resolver restore_resolver
  step machine-id empty_machine_id
  step traces scrub_traces
  step verify verify
  if have fstrim; then bounded 600 fstrim -a || log "fstrim: not everywhere possible"; fi

  put_marker sealed '' '' || fail marker "the marker was not accepted; the VM is generalized and stays on"
  printf sealed >"$STATE/outcome"
  [ ! -e "$STATE/resolv-borrowed" ] || rm -f "$ROOT/etc/resolv.conf"
  sync
  [ "$(note power-off)" = false ] || power_off || fail power-off "no command could power the VM off"
}

if [ "${1:-}" = detached ]; then detached; else start; fi
