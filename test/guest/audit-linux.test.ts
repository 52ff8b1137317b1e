/** The Linux audit, executed in throw-away roots: what it tells of a first boot, and that it changes nothing. */
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { auditGuest } from "../../src/domain/guest/audit.js";
import { decodeLinuxAudit } from "../../src/domain/guest/audit-facts.js";
import { makeGuestRoot, type Files } from "./guest-root.js";

const ASKED_FOR = 1_700_000_000;
const BEFORE = ASKED_FOR - 86_400;
const AFTER = ASKED_FOR + 60;

/** A VM that was made a minute ago from an image that holds nothing of anybody. */
const fresh: Files = {
  "etc/os-release": 'ID=ubuntu\nVERSION_ID="24.04"\n',
  "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nvmimagetest:x:1000:1000::/home/vmimagetest:/bin/bash\n",
  "etc/shadow": "root:*:19000::::::\nvmimagetest:$6$salt$hash:19000::::::\n",
  "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
  "etc/ssh/ssh_host_ed25519_key": "private\n",
  "etc/ssh/ssh_host_rsa_key": "private\n",
  "etc/sudoers.d/90-cloud-init-users": "vmimagetest ALL=(ALL) NOPASSWD:ALL\n",
  "proc/sys/kernel/hostname": "vmi-0badcafe\n",
  "dev/disk/azure/scsi1/lun0": "",
  "dev/disk/azure/scsi1/lun0-part1": "",
  "dev/disk/azure/scsi1/lun10": "",
  "dev/disk/azure/scsi1/lun3": "",
};
const OWN = ["etc/machine-id", "etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_rsa_key"];

/** `aged`: files that came with the image. */
async function audit(files: Files, aged: readonly string[] = []) {
  const root = makeGuestRoot(files, ["systemctl", "cloud-init"]);
  onTestFinished(() => root.remove());
  root.command(
    "systemctl",
    'case "$1" in list-units) echo "chrony.service loaded failed failed NTP" ;; esac',
  );
  root.command("cloud-init", 'case "$1" in status) echo "status: done" ;; esac');
  for (const file of OWN)
    if (files[file] !== undefined) {
      const at = aged.includes(file) ? BEFORE : AFTER;
      utimesSync(join(root.path, file), at, at);
    }
  const before = root.files();
  const { stdout } = await root.run("audit", { since: String(ASKED_FOR) });
  expect(root.files()).toEqual(before);
  expect(Buffer.byteLength(stdout)).toBeLessThan(4096);
  const decoded = decodeLinuxAudit(stdout);
  if (!decoded.ok) throw new Error(decoded.message);
  expect(decoded.problems).toEqual([]);
  return { facts: decoded.facts, stdout };
}

test("tells of a first boot from a clean image, and changes nothing", async () => {
  const { facts, stdout } = await audit(fresh);
  expect(facts).toEqual({
    hostName: "vmi-0badcafe",
    machineIdOwn: true,
    hostKeys: 2,
    foreignHostKeys: [],
    users: [{ name: "vmimagetest", uid: 1000, sudoersFile: true, authorizedKeys: 0 }],
    passwords: ["vmimagetest"],
    histories: [],
    secrets: [],
    cloudInit: "done",
    failedUnits: ["chrony.service"],
    dataDiskLuns: [0, 3, 10],
  });
  const checks = auditGuest("Linux", stdout, {
    state: "generalized",
    admin: "vmimagetest",
    keepUsers: [],
    hostName: "vmi-0badcafe",
    luns: [0, 3, 10],
  });
  expect(checks.filter(({ verdict }) => verdict !== "pass").map(({ id }) => id)).toEqual(["services"]);
});

test.each<[string, Files, readonly string[], object]>([
  ["a machine-id of the image", fresh, ["etc/machine-id"], { machineIdOwn: false }],
  ["no machine-id at all", { ...fresh, "etc/machine-id": "" }, [], { machineIdOwn: false }],
  [
    "a host key of the image",
    fresh,
    ["etc/ssh/ssh_host_rsa_key"],
    { hostKeys: 2, foreignHostKeys: ["ssh_host_rsa_key"] },
  ],
  [
    "a person who came along, with keys, a password, a history and credentials",
    {
      ...fresh,
      "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nkim:x:1000:1000::/home/kim:/bin/bash\n",
      "etc/shadow":
        "root:$y$j9T$x:19000::::::\nkim:$6$salt$hash:19000::::::\nlocked:!$6$salt$hash:19000::::::\n",
      "home/kim/.ssh/authorized_keys": "# laptop\nssh-ed25519 AAAA kim\n",
      "home/kim/.ssh/id_ed25519": "private\n",
      "home/kim/.bash_history": "mysql -p secret\n",
      "home/kim/.aws/credentials": "[default]\n",
      "root/.bash_history": "",
    },
    [],
    {
      users: [{ name: "kim", uid: 1000, sudoersFile: false, authorizedKeys: 1 }],
      passwords: ["root", "kim"],
      histories: ["/home/kim/.bash_history"],
      secrets: ["/home/kim/.aws/credentials", "/home/kim/.ssh/id_ed25519"],
    },
  ],
  [
    "disks by azure-vm-utils",
    {
      ...fresh,
      "dev/disk/azure/data/by-lun/0": "",
      "dev/disk/azure/data/by-lun/2": "",
      "dev/disk/azure/data/by-lun/2-part1": "",
    },
    [],
    { dataDiskLuns: [0, 2] },
  ],
])("finds %s", async (_reason, files, aged, facts) => {
  expect((await audit(files, aged)).facts).toMatchObject(facts);
});

test("knows nothing of LUNs where nothing names them, and nothing of ages without a time", async () => {
  const files = Object.fromEntries(Object.entries(fresh).filter(([name]) => !name.startsWith("dev/")));
  const root = makeGuestRoot(files, []);
  onTestFinished(() => root.remove());
  const { result } = await root.run("audit");
  expect(result).toMatchObject({
    dataDiskLuns: null,
    machineIdOwn: null,
    foreignHostKeys: [],
    cloudInit: "absent",
  });
});

test("values that came from outside are numbers or nothing", async () => {
  const root = makeGuestRoot(fresh, []);
  onTestFinished(() => root.remove());
  const { result } = await root.run("audit", { since: '1"; touch /tmp/owned; echo "' });
  expect(result).toMatchObject({ machineIdOwn: null });
});
