/** What the first VM of an image tells, and what each of it means: one row a reason. */
import { describe, expect, test } from "vitest";
import { auditGuest } from "../../../src/domain/guest/audit.js";
import type { AuditContext } from "../../../src/domain/guest/audit-rows.js";

const context: AuditContext = {
  state: "generalized",
  admin: "vmimagetest",
  keepUsers: ["keeper"],
  hostName: "vmi-1",
  luns: [0, 3],
};
const cleanLinux = {
  hostName: "vmi-1",
  machineIdOwn: true,
  hostKeys: 3,
  foreignHostKeys: [],
  users: [
    { name: "vmimagetest", uid: 1000, sudoersFile: true, authorizedKeys: 1 },
    { name: "keeper", uid: 1001, sudoersFile: true, authorizedKeys: 1 },
  ],
  passwords: ["vmimagetest"],
  histories: [],
  secrets: [],
  cloudInit: "done",
  failedUnits: [],
  dataDiskLuns: [0, 3],
};
const cleanWindows = {
  hostName: "VMI-1",
  imageState: "IMAGE_STATE_COMPLETE",
  setupRunning: false,
  users: ["vmimagetest", "Administrator", "Keeper"],
  answerFiles: [],
  histories: [],
  secrets: [],
  setupErrors: [],
  agentServices: { RdAgent: "Running" },
  remoteDesktop: true,
  dataDiskLuns: [0, 3, 5],
};

const judged = (os: "Linux" | "Windows", facts: object, more: Partial<AuditContext> = {}) =>
  Object.fromEntries(
    auditGuest(os, JSON.stringify(facts), { ...context, ...more }).map(({ id, verdict }) => [id, verdict]),
  );

test.each([
  ["Linux", cleanLinux],
  ["Windows", cleanWindows],
] as const)("a %s VM of a clean image passes every check", (os, facts) => {
  expect(new Set(Object.values(judged(os, facts)))).toEqual(new Set(["pass"]));
});

describe.each<["Linux" | "Windows", object, [string, object, string, string][]]>([
  [
    "Linux",
    cleanLinux,
    [
      ["kept the name of its source", { hostName: "production-db" }, "host-name", "block"],
      ["has no name", { hostName: "" }, "host-name", "block"],
      ["lacks a disk of the image", { dataDiskLuns: [0] }, "data-disks", "block"],
      ["cannot tell its disks", { dataDiskLuns: null }, "data-disks", "unknown"],
      ["shares its machine-id", { machineIdOwn: false }, "machine-id", "block"],
      ["shares a host key", { foreignHostKeys: ["ssh_host_rsa_key"] }, "ssh-host-keys", "block"],
      ["has no host keys", { hostKeys: 0 }, "ssh-host-keys", "warn"],
      [
        "brought an account with keys",
        { users: [{ name: "kim", uid: 1000, sudoersFile: false, authorizedKeys: 1 }] },
        "accounts",
        "warn",
      ],
      [
        "brought an account that opens nothing",
        { users: [{ name: "app", uid: 1002, sudoersFile: false, authorizedKeys: 0 }] },
        "accounts",
        "pass",
      ],
      ["brought a root password", { passwords: ["root"] }, "passwords", "warn"],
      ["brought credentials", { secrets: ["/root/.aws/credentials"] }, "secrets", "block"],
      ["brought a history", { histories: ["/root/.bash_history"] }, "histories", "warn"],
      ["failed its cloud-init", { cloudInit: "error" }, "cloud-init", "block"],
      ["still runs cloud-init", { cloudInit: "running" }, "cloud-init", "warn"],
      ["has a service that failed", { failedUnits: ["app.service"] }, "services", "warn"],
    ],
  ],
  [
    "Windows",
    cleanWindows,
    [
      ["is still in OOBE", { imageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE" }, "setup-state", "block"],
      ["still runs setup", { setupRunning: true }, "setup-state", "block"],
      ["wrote setup errors", { setupErrors: ["0x80070002"] }, "setup-errors", "warn"],
      ["brought an enabled account", { users: ["kim"] }, "accounts", "warn"],
      ["brought an answer file", { answerFiles: ["C:\\unattend.xml"] }, "answer-files", "block"],
      ["has an idle agent", { agentServices: { RdAgent: "Stopped" } }, "agent", "warn"],
      ["is closed to Remote Desktop", { remoteDesktop: false }, "remote-desktop", "warn"],
    ],
  ],
])("a %s VM", (os, clean, rows) => {
  test.each(rows)("that %s is told so", (_reason, change, id, verdict) => {
    expect(judged(os, { ...clean, ...change })[id]).toBe(verdict);
  });
});

test("a specialized image keeps its identity, and is asked for its disks and services alone", () => {
  const facts = { ...cleanLinux, hostName: "production-db", machineIdOwn: false, secrets: ["/root/.netrc"] };
  expect(judged("Linux", facts, { state: "specialized" })).toEqual({
    "data-disks": "pass",
    services: "pass",
  });
});

test.each(["", "the agent coughed", '{"error":{"code":"NO_OS_RELEASE","message":"not known"}}'])(
  "an answer that is none lets nothing pass: %j",
  (output) =>
    expect(auditGuest("Linux", output, context)).toMatchObject([{ id: "guest-answer", verdict: "block" }]),
);
