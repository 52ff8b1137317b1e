/** The Linux preflight, executed in throw-away roots: it reads, fits into Run Command's output, and is decoded. */
import { expect, describe, onTestFinished, test } from "vitest";
import { checkGuest } from "../../src/domain/guest/checks.js";
import { decodeLinuxFacts } from "../../src/domain/guest/facts.js";
import { families } from "./families.js";
import { changes, makeGuestRoot, type Files, type GuestRoot } from "./guest-root.js";
import { family } from "./seal-scene.js";
import { usualCommands } from "./stand-ins.js";

const RUN_COMMAND_KEEPS_BYTES = 4096;

function root(files: Files, commands: readonly string[] = []): GuestRoot {
  const made = makeGuestRoot(files, [...usualCommands, ...commands]);
  onTestFinished(() => made.remove());
  return made;
}

async function factsOf(guest: GuestRoot) {
  const { stdout } = await guest.run("preflight");
  const decoded = decodeLinuxFacts(stdout);
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded;
}

describe.each(families)("a $family guest", (given) => {
  test("tells its facts and is not changed", async () => {
    const guest = root(given.files, given.commands);
    const before = guest.files();
    const { facts, problems } = await factsOf(guest);
    expect(problems).toEqual([]);
    expect(facts).toMatchObject({
      family: given.family,
      kernel: "6.8.0-1021-azure",
      agent: { present: true, version: "2.11.1.4", provisioningByAgent: false },
      cloudInit: { present: true, version: "24.4", state: "done", cleanSupportsMachineId: true },
      ovfEnvPresent: true,
      machineIdEmpty: false,
      sshHostKeys: 2,
      users: [
        { name: "azureuser", uid: 1000, sudoersFile: true, authorizedKeys: 1 },
        { name: "keeper", uid: 1001, sudoersFile: true, authorizedKeys: 1 },
      ],
      systemd: true,
      tools: ["systemd-run", "curl", "fstrim"],
    });
    expect(changes(before, guest.files())).toEqual({});
  });
});

test.each<[string, Files, object]>([
  [
    "a RHEL registered with its vendor",
    family("rhel").files,
    { subscription: "rhel-registered", resolvConf: "file", macPinnedProfiles: true },
  ],
  [
    "a SLES with a subscription of its own",
    family("suse").files,
    { subscription: "suse-byos", persistentNetRules: true, resolvConf: "dangling" },
  ],
  [
    "a SLES with a subscription of its own through Azure's update servers",
    {
      ...family("suse").files,
      "var/lib/cloudregister/currentSMTInfo.obj": "",
      "var/lib/cloudregister/rmt_is_scc_proxy": "",
    },
    { subscription: "suse-byos" },
  ],
  [
    "a SLES paid through Azure",
    { ...family("suse").files, "var/lib/cloudregister/currentSMTInfo.obj": "" },
    { subscription: "none" },
  ],
  [
    "an Ubuntu whose netplan names its MAC",
    family("debian").files,
    {
      resolvConf: "link",
      macPinnedProfiles: false,
      macPinnedFiles: ["/etc/netplan/99-own.yaml"],
      persistentNetRules: false,
    },
  ],
  [
    "swap on the resource disk",
    { ...family("debian").files, "proc/swaps": "Filename Type\n/mnt/swapfile file 1 0 -2\n" },
    { swap: "resource-disk" },
  ],
  [
    "swap on a partition of the resource disk",
    {
      ...family("debian").files,
      "dev/disk/cloud/azure_resource": { to: "../../sdb" },
      "proc/swaps": "Filename Type\n/dev/sdb2 partition 1 0 -2\n",
    },
    { swap: "resource-disk" },
  ],
  [
    "swap on a partition of the OS disk",
    { ...family("debian").files, "proc/swaps": "Filename Type\n/dev/sda3 partition 1 0 -2\n" },
    { swap: "os-disk" },
  ],
  [
    "swap on the OS disk",
    { ...family("debian").files, "proc/swaps": "Filename Type\n/swapfile file 1 0 -2\n" },
    { swap: "os-disk" },
  ],
  [
    "an fstab that trips a new VM",
    {
      ...family("debian").files,
      "etc/fstab":
        "# a comment\nUUID=1 / ext4 defaults 0 1\n/dev/sdc1 /data xfs defaults 0 2\nUUID=2 /logs xfs defaults,nofail 0 2\n/dev/mapper/rootvg-homelv /home xfs defaults 0 0\nUUID=3 /opt/oracle xfs noauto 0 0\n",
    },
    { fstabByDeviceName: ["/dev/sdc1 /data"], fstabWithoutNofail: ["/dev/sdc1 /data"] },
  ],
  [
    "an fstab that waits for what is not there",
    {
      ...family("debian").files,
      "dev/disk/by-uuid/1": { to: "../../sda1" },
      "dev/disk/by-label/data": { to: "../../sdc1" },
      "etc/fstab":
        'UUID="1" / ext4 defaults 0 1\nUUID=2 /logs xfs defaults 0 2\nLABEL=data /data xfs defaults 0 2\nPARTLABEL=gone none swap sw 0 0\nUUID=3 /rare xfs nofail 0 2\nLABEL=two\\040words /w xfs defaults 0 2\n/dev/disk/azure/scsi1/lun0-part1 /app xfs defaults 0 2\n',
    },
    {
      fstabWithoutSource: ["UUID=2 /logs", "PARTLABEL=gone none", "/dev/disk/azure/scsi1/lun0-part1 /app"],
    },
  ],
  [
    "a kernel that is patient with NVMe disks",
    {
      ...family("debian").files,
      "proc/cmdline": "root=UUID=1 ro nvme_core.io_timeout=240 console=ttyS0\n",
      "sys/module/nvme_core/parameters/io_timeout": "30\n",
    },
    { nvmeIoTimeout: 240 },
  ],
  [
    "a kernel whose NVMe module was told how long to wait",
    { ...family("debian").files, "sys/module/nvme_core/parameters/io_timeout": "4294967295\n" },
    { nvmeIoTimeout: 4_294_967_295 },
  ],
  ["a kernel that was told nothing of NVMe", family("debian").files, { nvmeIoTimeout: 30 }],
  [
    "drivers built as modules",
    {
      ...family("debian").files,
      "lib/modules/6.8.0-1021-azure/modules.dep":
        "kernel/hv/hv_vmbus.ko:\nkernel/scsi/hv_storvsc.ko.zst:\nkernel/net/hv_netvsc.ko:\n",
      "boot/config-6.8.0-1021-azure": "CONFIG_BLK_DEV_NVME=y\n",
    },
    { hypervDrivers: true, nvmeInInitramfs: true },
  ],
  [
    "a kernel without the Hyper-V disk driver",
    { ...family("debian").files, "lib/modules/6.8.0-1021-azure/modules.dep": "kernel/hv/hv_vmbus.ko:\n" },
    { hypervDrivers: false, nvmeInInitramfs: null },
  ],
  [
    "root on LVM",
    {
      ...family("rhel").files,
      "proc/mounts": "/dev/mapper/rootvg-rootlv / xfs rw 0 0\n",
      "sys/block/dm-0/dm/name": "rootvg-rootlv\n",
      "sys/block/dm-0/dm/uuid": "LVM-abc\n",
    },
    { lvmRoot: true },
  ],
  [
    "an agent that provisions by itself",
    { ...family("debian").files, "etc/waagent.conf": "Provisioning.Agent=waagent\n" },
    { agent: { provisioningByAgent: true } },
  ],
  [
    "an emptied machine-id",
    { ...family("debian").files, "etc/machine-id": "uninitialized\n" },
    { machineIdEmpty: true },
  ],
])("recognises %s", async (_what, files, expected) => {
  const { facts } = await factsOf(root(files));
  expect(facts).toMatchObject(expected);
});

test("reads the initramfs where the tool is there", async () => {
  const guest = root({ ...family("debian").files, "boot/initrd.img-6.8.0-1021-azure": "" });
  guest.command("lsinitramfs", "echo usr/lib/modules/6.8.0/kernel/drivers/nvme/host/nvme.ko.zst");
  expect((await factsOf(guest)).facts.nvmeInInitramfs).toBe(true);
  guest.command("lsinitramfs", "echo usr/lib/modules/6.8.0/kernel/fs/ext4.ko");
  expect((await factsOf(guest)).facts.nvmeInInitramfs).toBe(false);
});

test("says what is missing where neither agent nor cloud-init is installed", async () => {
  const guest = root(family("debian").files);
  guest.withoutCommand("waagent");
  guest.withoutCommand("cloud-init");
  const { stdout } = await guest.run("preflight");
  const checks = checkGuest("Linux", stdout, { allowedRemedies: [] });
  expect(checks.find(({ id }) => id === "provisioning")).toMatchObject({ verdict: "block" });
});

test.each([
  ["quotes and backslashes, which double in JSON", 'ä"\\'],
  ["nothing but quotes", '"'],
  ["plain words", "word"],
])(
  "stays below Run Command's limit on a machine full of %s, and says that it left something out",
  async (_what, part) => {
    const name = (index: number) => `user-with-a-very-long-name-${String(index).padStart(5, "0")}`;
    const users = Array.from({ length: 200 }, (_, index) => name(index));
    const longWord = part.repeat(400);
    const guest = root({
      ...family("rhel").files,
      "etc/os-release": `ID="rhel${longWord}"\nID_LIKE="fedora"\nVERSION_ID="${longWord}"\n`,
      "etc/passwd": users
        .map((user, index) => `${user}:x:${1000 + index}:1::/home/${user}:/bin/sh\n`)
        .join(""),
      "etc/sudoers.d/all": users.map((user) => `${user} ALL=(ALL) ALL\n`).join(""),
      "etc/fstab": users
        .map((user, index) => `/dev/sd${index} /data/${user}"\\${longWord} xfs defaults 0 2\n`)
        .join(""),
      ...Object.fromEntries(
        users.map((user) => [
          `etc/netplan/${user}${part.replace("/", "")}.yaml`,
          "macaddress: 00:0d:3a:00:00:01\n",
        ]),
      ),
    });
    guest.command("waagent", `echo 'WALinuxAgent-${longWord} running'`);
    guest.command("cloud-init", `printf '%s\\n' 'status: ${longWord}'`);
    const { stdout } = await guest.run("preflight");
    expect(Buffer.byteLength(stdout)).toBeLessThan(RUN_COMMAND_KEEPS_BYTES);
    const { facts, problems } = await factsOf(guest);
    expect(problems).toEqual([]);
    const shown = facts.users?.length ?? 0;
    expect(shown).toBeGreaterThanOrEqual(4);
    expect(stdout).toContain(`"usersMore":${200 - shown}`);
    expect(facts.fstabByDeviceName?.at(-1)).toMatch(/^\+19\d more$/);
    expect(facts.tools).toEqual(["systemd-run", "curl", "fstrim"]);
  },
);

test("refuses on a machine that is no known Linux", async () => {
  const { result } = await root({ "etc/passwd": "" }).run("preflight");
  expect(result).toMatchObject({ error: { code: "NO_OS_RELEASE" } });
});
