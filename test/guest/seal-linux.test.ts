/** The Linux seal, executed in throw-away roots: what it removes, that it says how it went, and what it never tells. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { judgeSeal } from "../../src/domain/guest/seal-outcome.js";
import { families } from "./families.js";
import { changes, which, type GuestRoot } from "./guest-root.js";
import { family, sealScene } from "./seal-scene.js";

describe.each(families)("a $family guest", (given) => {
  test("loses what belongs to this VM, keeps everything else, and is not changed by a second seal", async () => {
    const { guest, ...scene } = await sealScene(given);
    const before = guest.files();

    const { result } = await scene.seal();

    expect(result).toEqual({ started: true, unit: "vmimage-seal" });
    const sealed = guest.files();
    expect(changes(before, sealed)).toEqual(given.changes);

    expect((await scene.seal()).result).toMatchObject({ error: { code: "ALREADY_SEALED" } });
    guest.restart();
    await scene.seal();

    expect(changes(sealed, guest.files())).toEqual({});
    expect(scene.markers()).toMatchObject([
      { outcome: "sealed", removedUsers: ["azureuser"] },
      { outcome: "sealed", removedUsers: [] },
    ]);
  });
});

test("detaches, deprovisions, says it is sealed, and only then powers off", async () => {
  const { guest, ...scene } = await sealScene(family("debian"));
  await scene.seal();

  expect(scene.store.puts).toMatchObject([{ method: "PUT", blobType: "BlockBlob" }]);
  const calls = guest.calls();
  const marker = calls.findIndex((call) => call.startsWith("curl "));
  expect(marker).toBeGreaterThan(calls.findIndex((call) => call.startsWith("fstrim")));
  expect(calls.slice(marker + 1)).toEqual(["sync ", "systemctl poweroff"]);
  expect(
    judgeSeal({
      marker: scene.marker(),
      powerState: "stopped",
      elapsedMs: 1,
      limitMs: 2,
      runId: "run-1",
    }),
  ).toEqual({ state: "sealed", removedUsers: ["azureuser"] });

  // It leaves its parent before the agent is stopped.
  const detach = calls.findIndex(
    (call) => call.startsWith("systemd-run") && call.includes("--unit=vmimage-seal"),
  );
  const deprovision = calls.indexOf("waagent -force -deprovision+user");
  expect(detach).toBeGreaterThanOrEqual(0);
  expect(deprovision).toBeGreaterThan(detach);
  expect(calls).toContain("cloud-init clean --logs --seed --machine-id");
});

test("keeps the marker's signature out of files, arguments, environments and outputs", async () => {
  const { guest, ...scene } = await sealScene(family("debian"));
  scene.store.answer(503, 403);
  const { stdout, stderr } = await scene.seal();
  const calls = guest.calls();

  // While it starts, one private file in memory holds it; nothing else ever does.
  expect(calls.filter((call) => call.startsWith("secret"))).toEqual([
    "secret in run/vmimage-seal/marker-url",
    "secret is private",
  ]);
  expect(calls.filter((call) => call.startsWith("LEAK"))).toEqual([]);
  const state = join(guest.path, "run/vmimage-seal");
  const remains = readdirSync(state).map((name) => readFileSync(join(state, name), "utf8"));
  const everything = [stdout, stderr, ...calls, ...remains, ...Object.values(guest.files())].join("\n");
  expect(everything).not.toContain(scene.store.secret);
  expect(everything).not.toContain("sig=");
  expect(scene.store.puts).toHaveLength(1);
});

test.each([
  ["curl", "the usual one"],
  ["wget", "minimal Debian images have only this"],
  ["python3", "the agent brings it where both are missing"],
])("tries the marker with %s: %s", async (tool) => {
  const { guest, ...scene } = await sealScene(family("debian"));
  guest.withoutCommand("curl");
  guest.command(tool, `cat >>"$ROOT/run/stdin"; exit 0`);
  await scene.seal();
  expect(readFileSync(join(guest.path, "run/stdin"), "utf8")).toContain(scene.store.secret);
  expect(
    guest
      .calls()
      .filter((call) => call.startsWith(`${tool} `))
      .join(),
  ).not.toContain(scene.store.secret);
  expect(scene.poweredOff()).toBe(true);
});

test("tries the marker again while the store is busy", async () => {
  const { guest, ...scene } = await sealScene(family("debian"));
  scene.store.answer(503, 500);
  await scene.seal();
  expect(scene.store.puts).toHaveLength(1);
  expect(guest.calls().filter((call) => call.startsWith("sleep"))).toEqual([
    ..."1 2 4 8".split(" ").map((seconds) => `sleep ${seconds}`),
    "sleep 5",
    "sleep 15",
  ]);
  expect(scene.poweredOff()).toBe(true);
});

test("begins as soon as the agent has reported that it started", async () => {
  const { guest, ...scene } = await sealScene(family("debian"));
  guest.command(
    "sleep",
    `[ "$1" != 2 ] || ${which("touch")} -t 209901010000 "$ROOT/var/lib/waagent/waagent_status.7.json"`,
  );
  await scene.seal();
  expect(guest.calls().filter((call) => call.startsWith("sleep"))).toEqual(["sleep 1", "sleep 2"]);
  expect(scene.poweredOff()).toBe(true);
});

test("lends a plain resolv.conf back until the marker is written", async () => {
  const { guest, ...scene } = await sealScene(family("rhel"));
  guest.command("curl", `cat "$ROOT/etc/resolv.conf" >>"$CALLS"`);
  await scene.seal();
  expect(guest.calls()).toContain("nameserver 168.63.129.16");
  expect(guest.files()).not.toHaveProperty("etc/resolv.conf");
});

describe("users", () => {
  test("takes the provisioned user from sudoers.d when ovf-env.xml is gone", async () => {
    const { "var/lib/waagent/ovf-env.xml": gone, ...files } = family("debian").files;
    expect(gone).toBeDefined();
    const { guest, ...scene } = await sealScene({ ...family("debian"), files });
    await scene.seal();
    expect(scene.marker()).toMatchObject({ removedUsers: ["azureuser"] });
    expect(guest.calls()).toContain("waagent -force -deprovision");
  });

  test("removes exactly the named ones, with their sudoers files", async () => {
    const { guest, ...scene } = await sealScene(family("debian"));
    await scene.seal({ removeUsers: "keeper,absent" });
    const files = guest.files();
    expect(scene.marker()).toMatchObject({ removedUsers: ["keeper"] });
    expect(files["etc/passwd"]).toContain("azureuser:");
    expect(files).toHaveProperty("home/azureuser/notes.txt");
    expect(files).not.toHaveProperty("etc/sudoers.d/keeper");
    expect(files).not.toHaveProperty("home/keeper/work.txt");
    expect(files).toHaveProperty("etc/sudoers.d/90-cloud-init-users");
  });

  test("never removes a kept one, even the agent's own", async () => {
    const { guest, ...scene } = await sealScene(family("debian"));
    await scene.seal({ keepUsers: "azureuser" });
    expect(scene.marker()).toMatchObject({ outcome: "sealed", removedUsers: [] });
    expect(guest.calls()).toContain("waagent -force -deprovision");
    expect(guest.files()).toHaveProperty("home/azureuser/.ssh/authorized_keys");
  });

  test("keeps the rules of others in a shared sudoers file", async () => {
    const shared =
      "# User rules for azureuser\nazureuser ALL=(ALL) ALL\n# User rules for keeper\nkeeper ALL=(ALL) ALL\n";
    const { guest, ...scene } = await sealScene({
      ...family("debian"),
      files: { ...family("debian").files, "etc/sudoers.d/90-cloud-init-users": shared },
    });
    await scene.seal();
    expect(scene.marker()).toMatchObject({ removedUsers: ["azureuser"] });
    expect(guest.files()["etc/sudoers.d/90-cloud-init-users"]).toBe(
      "# User rules for keeper\nkeeper ALL=(ALL) ALL\n",
    );
  });
});

describe("provisioned by one tool alone", () => {
  test("seals with cloud-init where the agent is missing", async () => {
    const { guest, ...scene } = await sealScene(family("debian"));
    guest.withoutCommand("waagent");
    await scene.seal();
    expect(scene.marker()).toMatchObject({ outcome: "sealed", removedUsers: ["azureuser"] });
    expect(scene.poweredOff()).toBe(true);
  });

  test("resets a cloud-init that is too old to clean", async () => {
    const { guest, ...scene } = await sealScene(family("debian"));
    guest.command("cloud-init", "exit 2");
    await scene.seal();
    expect(scene.marker()).toMatchObject({ outcome: "sealed" });
    expect(guest.files()).not.toHaveProperty("var/lib/cloud/instances/1111/user-data.txt");
    expect(guest.files()["etc/machine-id"]).toBe("");
  });

  test("leaves network files alone where cloud-init does not make them", async () => {
    const { guest, ...scene } = await sealScene({
      ...family("debian"),
      files: {
        ...family("debian").files,
        "etc/cloud/cloud.cfg.d/99-no.cfg": "network: {config: disabled}\n",
      },
    });
    await scene.seal();
    expect(guest.files()).toHaveProperty("etc/netplan/50-cloud-init.yaml");
  });
});

test("leaves a pay-as-you-go SLES registered", async () => {
  const { guest, ...scene } = await sealScene({
    ...family("suse"),
    files: { ...family("suse").files, "var/lib/cloudregister/currentSMTInfo.obj": "smt" },
  });
  await scene.seal();
  expect(guest.calls().filter((call) => call.startsWith("SUSEConnect"))).toEqual([]);
  expect(guest.files()).toHaveProperty("etc/zypp/credentials.d/SCCcredentials");
});

test("stays on when the request says so", async () => {
  const scene = await sealScene(family("debian"));
  await scene.seal({ selfPowerOff: "false" });
  expect(scene.marker()).toMatchObject({ outcome: "sealed" });
  expect(scene.poweredOff()).toBe(false);
});

test("answers the same run's second request while it runs, and refuses another's", async () => {
  const { guest, ...scene } = await sealScene(family("debian"));
  guest.command("systemd-run", "");
  await scene.seal();
  guest.command("systemctl", `case "$1" in is-active) exit 0 ;; esac`);
  expect((await scene.seal()).result).toEqual({ started: true, unit: "vmimage-seal" });
  expect((await scene.seal({ runId: "run-2" })).result).toMatchObject({
    error: { code: "ANOTHER_SEAL_RUNNING" },
  });
  expect(guest.calls().filter((call) => call.startsWith("systemd-run"))).toHaveLength(1);
  expect((await guest.run("seal-log", { runId: "run-1" })).result).toMatchObject({ running: true });
  expect((await guest.run("seal-log", { runId: "run-2" })).result).toMatchObject({
    error: { code: "NOT_YOUR_SEAL" },
  });
});

test.each([
  [
    "NO_SYSTEMD",
    "deprovisioning would kill it",
    (guest: GuestRoot) => guest.withoutCommand("systemd-run"),
    {},
  ],
  [
    "NO_AGENT_AND_NO_CLOUD_INIT",
    "nobody would provision a copy",
    (guest: GuestRoot) => {
      guest.withoutCommand("waagent");
      guest.withoutCommand("cloud-init");
    },
    {},
  ],
  ["DETACH_FAILED", "systemd says no", (guest: GuestRoot) => guest.command("systemd-run", "exit 1"), {}],
  ["BAD_PARAMETER", "a URL cannot hold a quote", () => undefined, { markerUrl: 'https://a/b"\nsilent' }],
  ["BAD_PARAMETER", "a run id is a name", () => undefined, { runId: "$(reboot)" }],
  ["BAD_PARAMETER", "a user is a name", () => undefined, { removeUsers: "a;reboot" }],
])("refuses with %s: %s", async (code, _why, arrange, parameters) => {
  const { guest, ...scene } = await sealScene(family("debian"));
  arrange(guest);
  const before = guest.files();
  const { result } = await scene.seal(parameters);
  expect(result).toMatchObject({ error: { code } });
  expect(changes(before, guest.files())).toEqual({});
  expect(existsSync(join(guest.path, "run/vmimage-seal/marker-url"))).toBe(false);
});
