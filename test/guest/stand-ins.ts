/**
 * Recording stand-ins for commands that act on a system. waagent and cloud-init do to the root what the real ones do
 * (WALinuxAgent 2.7.3 and cloud-init 22.4.2, watched in real-root.ts), mistakes included: the agent deletes resolv.conf,
 * except on Ubuntu, leaves sudoers.d and a host name for DHCP, and forgets its user once ovf-env.xml is gone.
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const realCurl = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "curl"))
  .find(existsSync);

/** For machines without curl: the few options that the seal uses. */
const curlByNode = `
exec "$NODE" -e '
const fs = require("node:fs");
const args = process.argv.slice(1);
const all = (name) => args.flatMap((arg, index) => (arg === name ? [args[index + 1]] : []));
const url = /url = "([^"]*)"/.exec(fs.readFileSync(0, "utf8"))[1];
const headers = Object.fromEntries(all("--header").map((line) => line.split(/:\\s*/, 2)));
const body = fs.readFileSync(all("--data-binary")[0].slice(1));
fetch(url, { method: all("--request")[0], headers, body })
  .then((answer) => { process.exitCode = answer.ok ? 0 : 22; })
  .catch(() => { process.exitCode = 7; });
' -- "$@"`;

export const standIns: Readonly<Record<string, string>> = {
  // Runs at once what it should run later, and notes where the secret lies at that moment.
  "systemd-run": `
grep -rl 'sig=' "$ROOT" 2>/dev/null | sed "s#^$ROOT/#secret in #" >>"$CALLS"
find "$ROOT/run/vmimage-seal/marker-url" -perm 600 | sed 's/.*/secret is private/' >>"$CALLS"
while [ "\${1#-}" != "$1" ]; do shift; done
"$@"
exit 0`,
  systemctl: `case "$1" in is-active) exit 3 ;; esac`,
  waagent: `
case "$*" in
  -version) echo "WALinuxAgent-2.11.1.4 running on a test root" ;;
  *-deprovision*)
    user="$(sed -n 's/.*UserName>\\([^<]*\\)<.*/\\1/p' "$ROOT/var/lib/waagent/ovf-env.xml" 2>/dev/null)"
    case "$*" in *+user*) if [ -n "$user" ]; then userdel -f -r "$user"; else echo "WARNING! Skip delete user."; fi ;; esac
    rm -rf "$ROOT/var/lib/waagent" "$ROOT/var/log/azure" "$ROOT/var/lib/dhclient" "$ROOT/var/lib/dhcp"
    rm -f "$ROOT/root/.bash_history" "$ROOT/var/log/waagent.log"
    grep -q '^ID=ubuntu' "$ROOT/etc/os-release" || rm -f "$ROOT/etc/resolv.conf"
    case "$(cat "$ROOT/etc/os-release")" in *rhel*) echo DHCP_HOSTNAME=localhost.localdomain >>"$ROOT/etc/sysconfig/network-scripts/ifcfg-eth0" ;; *flatcar*) rm -f "$ROOT/etc/machine-id" ;; esac
    printf 'localhost.localdomain' >"$ROOT/etc/hostname"
    ;;
esac`,
  "cloud-init": `
case "$*" in
  --version) echo "/usr/bin/cloud-init 24.4-0ubuntu1" ;;
  status) echo "status: done" ;;
  "clean --help") echo "usage: cloud-init clean [-h] [-l] [-r] [-s] --logs --seed --machine-id" ;;
  clean*)
    for path in "$ROOT"/var/lib/cloud/*; do [ "$path" = "$ROOT/var/lib/cloud/seed" ] || rm -rf "$path"; done
    case "$*" in *--machine-id*) echo uninitialized >"$ROOT/etc/machine-id" ;; esac
    case "$*" in *--seed*) rm -rf "$ROOT/var/lib/cloud/seed" ;; esac
    ;;
esac`,
  userdel: `
for user; do :; done
for file in passwd group shadow; do
  [ -f "$ROOT/etc/$file" ] && sed -i "/^$user:/d" "$ROOT/etc/$file"
done
rm -rf "$ROOT/home/$user"
exit 0`,
  "subscription-manager": `case "$1" in clean) rm -rf "$ROOT/etc/pki/consumer" ;; esac`,
  SUSEConnect: `case "$1" in --cleanup) rm -f "$ROOT/etc/zypp/credentials.d/SCCcredentials" ;; esac`,
  curl: realCurl === undefined ? curlByNode : `exec ${realCurl} "$@"`,
  uname: `case "$1" in -m) echo x86_64 ;; *) echo 6.8.0-1021-azure ;; esac`,
  sleep: "",
  sync: "",
  fstrim: "",
  journalctl: "",
  loginctl: "",
  swapoff: "",
  poweroff: "",
};

/** What any Linux on Azure has; a test removes or replaces what its machine lacks. */
export const usualCommands =
  "systemd-run systemctl waagent cloud-init userdel curl uname sleep sync fstrim journalctl loginctl swapoff poweroff".split(
    " ",
  );
