#!/bin/sh
# guest-contract: preflight-linux/1
# parameters:
# result: one JSON object, the last line of standard output
#
# Reads what decides whether this VM can be generalized. Facts, no verdicts (src/domain/guest/preflight-linux.ts has
# those), and it changes nothing. Every probe has a limit; what could not be read is null. Lists are capped until the
# result fits, because Run Command keeps only the last 4,096 bytes.

# include: facts.sh

os_release() { sed -n "s/^$1=//p" "$ROOT/etc/os-release" 2>/dev/null | head -n 1 | tr -d "\"'"; }

family() {
  case " $(os_release ID) $(os_release ID_LIKE) " in
    *" flatcar "*) printf flatcar ;;
    *" azurelinux "* | *" mariner "*) printf azurelinux ;;
    *" debian "* | *" ubuntu "*) printf debian ;;
    *" rhel "* | *" centos "* | *" fedora "* | *" almalinux "* | *" rocky "* | *" ol "*) printf rhel ;;
    *" sles "* | *" suse "* | *" opensuse "* | *" opensuse-leap "*) printf suse ;;
    *) printf unknown ;;
  esac
}

# Flatcar keeps the agent's configuration with the agent (azurelinuxagent, osutil/coreos.py).
agent_setting() {
  for file in "$ROOT/usr/share/oem/waagent.conf" "$ROOT/etc/waagent.conf"; do
    [ ! -f "$file" ] || { sed -n "s/^$1=//p" "$file" | tail -n 1 && return; }
  done
}

agent() {
  if ! have waagent; then
    printf '{"present":false,"version":"","provisioningByAgent":false}'
    return
  fi
  version="$(bounded 10 waagent -version 2>/dev/null | sed -n 's/^WALinuxAgent-\([^ ]*\).*/\1/p' | head -n 1)"
  # Provisioning.Agent=auto leaves it to cloud-init where that is enabled; before 2.2.45 Provisioning.Enabled said it.
  mode="$(agent_setting Provisioning.Agent)"
  enabled="$(agent_setting Provisioning.Enabled)"
  case "$mode" in
    waagent) by_agent=true ;;
    cloud-init | disabled) by_agent=false ;;
    auto) by_agent="$(if have cloud-init; then printf false; else printf true; fi)" ;;
    *) by_agent="$(if [ "$enabled" = y ]; then printf true; else printf false; fi)" ;;
  esac
  printf '{"present":true,"version":%s,"provisioningByAgent":%s}' "$(text "$version" 24)" "$by_agent"
}

cloud_init() {
  if ! have cloud-init; then
    printf '{"present":false,"version":"","state":"absent","cleanSupportsMachineId":false}'
    return
  fi
  version="$(bounded 10 cloud-init --version 2>&1 | awk '{ print $NF; exit }')"
  # cloud-init status ends with an error code of its own when degraded; only its words count.
  state="$(bounded 10 cloud-init status 2>/dev/null | sed -n 's/^status:[[:space:]]*//p' | head -n 1)"
  machine_id=false
  case "$(bounded 10 cloud-init clean --help 2>/dev/null)" in *--machine-id*) machine_id=true ;; esac
  printf '{"present":true,"version":%s,"state":%s,"cleanSupportsMachineId":%s}' \
    "$(text "${version%%-*}" 24)" "$(text "${state:-unknown}" 16)" "$machine_id"
}

machine_id_empty() {
  case "$(read_file "$ROOT/etc/machine-id")" in '' | uninitialized) printf true ;; *) printf false ;; esac
}

any_of() {
  for file in "$@"; do [ ! -f "$file" ] || return 0; done
  return 1
}

persistent_net_rules() {
  any_of "$ROOT"/etc/udev/rules.d/70-persistent-net.rules "$ROOT"/etc/udev/rules.d/85-persistent-net-cloud-init.rules \
    "$ROOT"/etc/udev/rules.d/75-persistent-net-generator.rules
}

# What the seal strips without being asked.
mac_pinned() {
  grep -qsi -e '^HWADDR=' -e '^LLADDR=' "$ROOT"/etc/sysconfig/network-scripts/ifcfg-* "$ROOT"/etc/sysconfig/network/ifcfg-* ||
    grep -qsi -e '^mac-address *=' "$ROOT"/etc/NetworkManager/system-connections/*
}

# What it changes only if the remedy is allowed: custom files. Those of cloud-init are removed anyway, unless cloud-init
# does not manage the network and would not write them again.
mac_pinned_files() {
  own=1
  ! cat "$ROOT/etc/cloud/cloud.cfg" "$ROOT"/etc/cloud/cloud.cfg.d/*.cfg 2>/dev/null | grep -q '^[^#]*config:[[:space:]]*disabled' || own=0
  { grep -ls -e 'macaddress:' "$ROOT"/etc/netplan/*.yaml && :; grep -ls -e '^MACAddress=' "$ROOT"/etc/systemd/network/*; } |
    while IFS= read -r file; do
      case "$own:${file##*/}" in 1:*cloud-init*) ;; *) printf '%s\n' "${file#"$ROOT"}" ;; esac
    done | list
}

resolv_conf() {
  file="$ROOT/etc/resolv.conf"
  if [ -L "$file" ]; then
    target="$(readlink "$file")"
    case "$target" in /*) target="$ROOT$target" ;; *) target="$ROOT/etc/$target" ;; esac
    if [ -e "$target" ]; then printf link; else printf dangling; fi
  elif [ -f "$file" ]; then printf file; else printf absent; fi
}

subscription() {
  if [ -e "$ROOT/etc/pki/consumer/cert.pem" ]; then
    printf rhel-registered
  # Pay-as-you-go has a record of its update servers; an own code through them, an additional mark. As in seal.sh.
  elif [ -e "$ROOT/etc/zypp/credentials.d/SCCcredentials" ] && {
    any_of "$ROOT"/var/*/cloudregister/rmt_is_scc_proxy || ! any_of "$ROOT"/var/*/cloudregister/currentSMTInfo.obj
  }; then
    printf suse-byos
  elif [ -e "$ROOT/var/lib/ubuntu-advantage/private/machine-token.json" ]; then
    printf ubuntu-pro
  else
    printf none
  fi
}

swap() {
  # Links that cloud-init's or waagent's udev rules make: ../../sdb
  disk="$(readlink "$ROOT/dev/disk/cloud/azure_resource" || readlink "$ROOT/dev/disk/azure/resource")"
  awk -v disk="/dev/${disk##*/}" '
    NR > 1 { if ($1 ~ /^\/mnt\// || (disk != "/dev/" && index($1, disk) == 1)) resource = 1; else os = 1 }
    END { printf "%s", (resource ? "resource-disk" : os ? "os-disk" : "none") }' "$ROOT/proc/swaps" 2>/dev/null || printf none
}

fstab() { grep -s '^[[:space:]]*[^#[:space:]]' "$ROOT/etc/fstab"; }

fstab_by_device_name() {
  fstab | awk '$1 ~ /^\/dev\/(sd|hd|vd|xvd|nvme)/ { print $1 " " $2 }' | list
}

# Mount points of an OS disk wait for their own disk; anything else is data that another VM may not have.
fstab_without_nofail() {
  fstab | awk '
    $2 !~ /^\// || $3 == "swap" || $3 ~ /^(tmpfs|proc|sysfs|devpts|cgroup2?|overlay|none)$/ { next }
    $2 ~ /^\/(boot.*|efi|usr.*|var|var\/(log|log\/audit|tmp|cache|lib|opt|spool)|home|tmp|opt|srv|root|\.snapshots)?$/ { next }
    ("," $4 ",") ~ /,(nofail|noauto|subvol=[^,]*),/ { next }
    { print $1 " " $2 }' | list
}

# What boot waits for without a matching device. null if udev names no devices.
fstab_without_source() {
  [ -d "$ROOT/dev/disk/by-uuid" ] || {
    printf null
    return
  }
  fstab | awk '("," $4 ",") !~ /,(nofail|noauto),/ { gsub(/"/, "", $1); print $1, $2 }' | while read -r source place; do
    case "$source" in
      *\\*) continue ;; # a name with blanks, which udev writes in another way
      UUID=* | LABEL=* | PARTUUID=* | PARTLABEL=*) link="/dev/disk/by-$(printf '%s' "${source%%=*}" | tr '[:upper:]' '[:lower:]')/${source#*=}" ;;
      /dev/disk/*) link="$source" ;;
      *) continue ;;
    esac
    [ -e "$ROOT$link" ] || [ -L "$ROOT$link" ] || printf '%s %s\n' "$source" "$place"
  done | list
}

# Seconds: the kernel's parameter, else the module's current value, else its default.
nvme_io_timeout() {
  {
    tr ' ' '\n' <"$ROOT/proc/cmdline" | sed -n 's/^nvme_core\.io_timeout=//p'
    cat "$ROOT/sys/module/nvme_core/parameters/io_timeout"
    echo 30
  } 2>/dev/null | grep -x '[0-9]\{1,10\}' | head -n 1
}

# true, false or null: reading an initramfs takes a tool and time.
nvme_in_initramfs() {
  kernel="$1"
  if grep -qs 'nvme\.ko' "$ROOT/lib/modules/$kernel/modules.builtin" || grep -qs '^CONFIG_BLK_DEV_NVME=y' "$ROOT/boot/config-$kernel"; then
    printf true
    return
  fi
  if have lsinitramfs && [ -f "$ROOT/boot/initrd.img-$kernel" ]; then
    names="$(bounded 30 lsinitramfs "$ROOT/boot/initrd.img-$kernel" 2>/dev/null)" || names=
  elif have lsinitrd; then
    names="$(bounded 30 lsinitrd --kver "$kernel" 2>/dev/null)" || names=
  else
    names=
  fi
  case "$names" in '') printf null ;; */nvme.ko*) printf true ;; *) printf false ;; esac
}

# All three: without hv_storvsc no disk, without hv_netvsc no network.
hyperv_drivers() {
  for driver in hv_vmbus hv_storvsc hv_netvsc; do
    grep -qs "/$driver\.ko" "$ROOT/lib/modules/$1/modules.builtin" "$ROOT/lib/modules/$1/modules.dep" || {
      if [ -e "$ROOT/lib/modules/$1/modules.dep" ]; then printf false; else printf null; fi
      return
    }
  done
  printf true
}

lvm_root() {
  device="$(awk '$2 == "/" { source = $1 } END { print source }' "$ROOT/proc/mounts" 2>/dev/null)"
  for uuid in "$ROOT"/sys/block/dm-*/dm/uuid; do
    [ -f "$uuid" ] || continue
    if [ "/dev/mapper/$(read_file "${uuid%uuid}name")" = "$device" ]; then
      case "$(read_file "$uuid")" in LVM-*) printf true && return ;; esac
    fi
  done
  printf false
}

# Never shortened: whether the VM can be sealed depends on them.
tools() {
  LIST_MAX=8
  for tool in systemd-run curl wget python3 fstrim; do if have "$tool"; then printf '%s\n' "$tool"; fi; done | list
}

log_bytes() {
  kilobytes="$(bounded 15 du -sk "$ROOT/var/log" 2>/dev/null | awk '{ print $1 }')"
  if [ -n "$kilobytes" ]; then printf '%s' "$((kilobytes * 1024))"; else printf null; fi
}

demand_os_release
kernel="$(uname -r)"
people_count="$(people | awk 'END { print NR }')"
agent="$(agent)" cloud_init="$(cloud_init)" nvme="$(nvme_in_initramfs "$kernel")" log_bytes="$(log_bytes)"

report() {
  printf '{"distribution":%s,"version":%s,"family":"%s","architecture":%s,"kernel":%s' \
    "$(text "$(os_release ID)" 24)" "$(text "$(os_release VERSION_ID)" 24)" "$(family)" "$(text "$(uname -m)" 16)" "$(text "$kernel" 48)"
  printf ',"agent":%s,"cloudInit":%s' "$agent" "$cloud_init"
  printf ',"ovfEnvPresent":%s,"machineIdEmpty":%s,"sshHostKeys":%s' \
    "$(yes_no test -f "$ROOT/var/lib/waagent/ovf-env.xml")" "$(machine_id_empty)" "$(ssh_host_keys)"
  printf ',"users":%s' "$(users)"
  [ "$people_count" -le "$((LIST_MAX + 2))" ] || printf ',"usersMore":%s' "$((people_count - LIST_MAX - 2))"
  printf ',"persistentNetRules":%s,"macPinnedProfiles":%s,"macPinnedFiles":%s,"resolvConf":"%s"' \
    "$(yes_no persistent_net_rules)" "$(yes_no mac_pinned)" "$(mac_pinned_files)" "$(resolv_conf)"
  printf ',"subscription":"%s","swap":"%s"' "$(subscription)" "$(swap)"
  printf ',"fstabByDeviceName":%s,"fstabWithoutNofail":%s' "$(fstab_by_device_name)" "$(fstab_without_nofail)"
  printf ',"fstabWithoutSource":%s,"nvmeIoTimeout":%s' "$(fstab_without_source)" "$(nvme_io_timeout)"
  printf ',"nvmeInInitramfs":%s,"hypervDrivers":%s,"lvmRoot":%s' "$nvme" "$(hyperv_drivers "$kernel")" "$(lvm_root)"
  printf ',"systemd":%s,"tools":%s,"logBytes":%s}\n' "$(yes_no test -d "$ROOT/run/systemd/system")" "$(tools)" "$log_bytes"
}

print_report
