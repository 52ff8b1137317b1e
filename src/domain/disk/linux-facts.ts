/** What a Linux root says about itself: which it is, who can set it up on Azure, and what identity is still in it. */
import type { DiskFinding, DiskFindingCode } from "./facts.js";
import { exists, type FileTree, find, namesIn, readHead } from "./file-tree.js";
import { hasHypervDrivers } from "./linux-modules.js";
import { type OsRelease, readOsRelease } from "./os-release.js";
import { printable, utf8 } from "./text.js";

export interface LinuxFacts extends OsRelease {
  readonly generalized: "yes" | "no";
  readonly findings: readonly DiskFinding[];
}

const MAX_PASSWD_BYTES = 64 * 1024;
/** login.defs(5): UID_MIN and UID_MAX as every distribution sets them. */
const [MIN_USER_UID, MAX_USER_UID] = [1000, 60000];
const MAX_USERS = 4;
/** machine-id(5): written by image builders for "decide at first boot". */
const UNINITIALIZED = "uninitialized";
const MAX_MACHINE_ID_BYTES = 64;

/** Undefined where the tree is no root of a Linux. */
export async function readLinuxRoot(tree: FileTree, offsetBytes: number): Promise<LinuxFacts | undefined> {
  const release = await readOsRelease(tree);
  if (!release && !((await exists(tree, "etc/passwd")) && (await exists(tree, "etc/fstab"))))
    return undefined;
  const findings: DiskFinding[] = [];
  const say = (code: DiskFindingCode, severity: DiskFinding["severity"], message: string, value: string) =>
    findings.push({ code, severity, message, where: { offsetBytes, value } });

  const machineId = await readMachineId(tree);
  if (machineId) {
    say(
      "MACHINE_ID_PRESENT",
      "warning",
      "/etc/machine-id is set; every VM made from the image would share it.",
      machineId,
    );
  }
  const hostKeys = (await namesIn(tree, "etc/ssh")).filter((name) => /^ssh_host_.*_key$/.test(name));
  if (hostKeys.length > 0) {
    const message = `/etc/ssh holds ${hostKeys.length} private host keys; every VM made from the image would share them.`;
    say("SSH_HOST_KEYS_PRESENT", "warning", message, printable(hostKeys.join(", ")));
  }
  const instances = await namesIn(tree, "var/lib/cloud/instances");
  if (instances.length > 0) {
    const message =
      "cloud-init still has the state of the machine that it ran on (/var/lib/cloud/instances); cloud-init clean removes it.";
    say("CLOUD_INIT_STATE_PRESENT", "warning", message, printable(instances.join(", ")));
  }
  const users = await readUsers(tree);
  const known = users.some(({ hasKeys }) => hasKeys);
  if (users.length > 0) {
    const names = users.map(({ name }) => name).join(", ");
    const message = known
      ? `User accounts of the old machine remain, with SSH keys that grant access to every VM made from the image: ${names}.`
      : `There are user accounts, without SSH keys: ${names}.`;
    say("USERS_PRESENT", known ? "warning" : "info", message, names);
  }
  if (!(await hasAgent(tree))) {
    const message =
      "Neither waagent nor cloud-init is installed; nothing would provision a VM made from a generalized image.";
    say("PROVISIONING_AGENT_MISSING", "warning", message, "etc/waagent.conf, etc/cloud/cloud.cfg");
  }
  const drivers = await hasHypervDrivers(tree);
  if (drivers && !drivers.present) {
    const message = `The kernel ${drivers.kernel} lacks hv_vmbus and hv_storvsc; it would not find its disk on Azure.`;
    say("HYPERV_DRIVERS_MISSING", "warning", message, drivers.kernel);
  }
  const identified = machineId !== undefined || hostKeys.length > 0 || instances.length > 0 || known;
  return { ...release, generalized: identified ? "no" : "yes", findings };
}

async function readMachineId(tree: FileTree): Promise<string | undefined> {
  const bytes = await readHead(tree, "etc/machine-id", MAX_MACHINE_ID_BYTES);
  const text = bytes ? utf8(bytes).trim() : "";
  return text === "" || text === UNINITIALIZED ? undefined : printable(text);
}

interface User {
  readonly name: string;
  readonly hasKeys: boolean;
}

async function readUsers(tree: FileTree): Promise<User[]> {
  const passwd = await readHead(tree, "etc/passwd", MAX_PASSWD_BYTES);
  const users: User[] = [];
  for (const line of passwd ? utf8(passwd).split("\n") : []) {
    const [name, , uid, , , home] = line.split(":");
    if (!name || !home || !/^\d{1,9}$/.test(uid ?? "")) continue;
    if (Number(uid) < MIN_USER_UID || Number(uid) > MAX_USER_UID) continue;
    const keys = await find(tree, `${home}/.ssh/authorized_keys`);
    users.push({ name: printable(name), hasKeys: keys !== undefined && keys.sizeBytes > 0 });
    if (users.length === MAX_USERS) break;
  }
  return users;
}

async function hasAgent(tree: FileTree): Promise<boolean> {
  for (const path of ["etc/waagent.conf", "etc/cloud/cloud.cfg", "usr/sbin/waagent"]) {
    if (await exists(tree, path)) return true;
  }
  return false;
}
