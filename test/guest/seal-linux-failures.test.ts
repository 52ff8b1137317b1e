/** How the Linux seal fails: at a named step, with a marker, and never by powering off. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judgeSeal } from "../../src/domain/guest/seal-outcome.js";
import { changes } from "./guest-root.js";
import { family, sealScene } from "./seal-scene.js";

test.each([
  ["waagent", `case "$*" in -version) ;; *) echo "Traceback"; exit 1 ;; esac`, "agent", "WAAGENT_FAILED"],
  [
    "cloud-init",
    `case "$*" in "clean --help") echo --logs ;; clean*) echo "hook failed"; exit 1 ;; esac`,
    "cloud-init",
    "CLOUD_INIT_CLEAN_FAILED",
  ],
  ["userdel", `echo "userdel: cannot lock /etc/passwd"; exit 1`, "users", "USER_NOT_REMOVED"],
  ["subscription-manager", `[ "$1" != clean ]`, "subscription", "SUBSCRIPTION_NOT_REMOVED"],
  ["journalctl", `echo new >"$ROOT/etc/ssh/ssh_host_ed25519_key"`, "verify", "TRACES_REMAIN"],
  ["find", `echo "find: /var/log: Read-only file system"; exit 1`, "traces", "READ_ONLY_FILE_SYSTEM"],
])("does not power off when %s fails, and says at which step", async (command, body, step, cause) => {
  const { guest, ...scene } = await sealScene(family("rhel"));
  guest.command(command, body);
  await scene.seal();

  expect(scene.markers()).toMatchObject([{ outcome: "failed", step, runId: "run-1" }]);
  expect(scene.poweredOff()).toBe(false);
  const judged = judgeSeal({
    marker: scene.marker(),
    powerState: "running",
    elapsedMs: 1,
    limitMs: 2,
  });
  expect(judged).toMatchObject({ state: "failed", cause });
});

test("does not power off when nobody takes its marker, and tells so when it is asked", async () => {
  const { guest, ...scene } = await sealScene(family("debian"));
  scene.store.answer(...Array.from({ length: 20 }, () => 403));
  await scene.seal();
  expect(scene.store.puts).toEqual([]);
  expect(scene.poweredOff()).toBe(false);

  const { stdout, result } = await guest.run("seal-log", { runId: "run-1" });
  expect(stdout.length).toBeLessThan(4096);
  expect(result).toMatchObject({ running: false, outcome: "failed" });
  const sealLog = { running: false, log: String(result["log"]) };
  expect(judgeSeal({ powerState: "running", elapsedMs: 2, limitMs: 2, sealLog })).toMatchObject({
    cause: "MARKER_NOT_WRITTEN",
  });
});

test("says so when no command powers it off", async () => {
  const { guest, ...scene } = await sealScene(family("debian"));
  guest.command("systemctl", "exit 1");
  guest.command("poweroff", "exit 1");
  await scene.seal();
  expect(scene.markers()).toMatchObject([{ outcome: "sealed" }, { outcome: "failed", step: "power-off" }]);
});

test("may be tried again after a failure", async () => {
  const { guest, ...scene } = await sealScene(family("debian"));
  guest.command("waagent", "exit 1");
  await scene.seal();
  guest.command("waagent", "");
  await scene.seal();
  expect(scene.markers()).toMatchObject([{ outcome: "failed" }, { outcome: "sealed" }]);
});

test("refuses to remove an account of the system", async () => {
  const { guest, ...scene } = await sealScene(family("debian"));
  await scene.seal({ removeUsers: "daemon" });
  const judged = judgeSeal({
    marker: scene.marker(),
    powerState: "running",
    elapsedMs: 1,
    limitMs: 2,
  });
  expect(judged).toMatchObject({
    cause: "USER_NOT_REMOVED",
    message: "The user daemon could not be removed.",
  });
  expect(guest.calls().filter((call) => call.startsWith("waagent"))).toEqual([]);
});

test("does not empty what is mounted in a home that is to go", async () => {
  const { guest, ...scene } = await sealScene({
    ...family("debian"),
    files: {
      ...family("debian").files,
      "proc/mounts": "//account/share /home/azureuser/share cifs rw 0 0\n",
    },
  });
  const before = guest.files();
  await scene.seal();
  expect(changes(before, guest.files())).toEqual({});
  const judged = judgeSeal({ marker: scene.marker(), powerState: "running", elapsedMs: 1, limitMs: 2 });
  expect(judged).toMatchObject({
    cause: "HOME_IS_MOUNTED",
    message: expect.stringContaining("/home/azureuser/share") as string,
  });
});

test("answers whole when its log is twice as long in JSON", async () => {
  const { guest, ...scene } = await sealScene(family("debian"));
  guest.command("waagent", `head -c 9000 /dev/zero | tr '\\0' '"'; exit 1`);
  scene.store.answer(...Array.from({ length: 20 }, () => 403));
  await scene.seal();
  const { stdout, result } = await guest.run("seal-log", { runId: "run-1" });
  expect(stdout.length).toBeLessThan(4096);
  expect(result["log"]).toContain('"""');
});

test("makes a valid marker of a log that holds anything", async () => {
  const { guest, ...scene } = await sealScene(family("debian"));
  guest.command("waagent", `head -c 100000 "$ROOT/noise"; exit 1`);
  writeFileSync(
    join(guest.path, "noise"),
    Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 256)),
  );
  await scene.seal();
  expect(scene.marker()).toMatchObject({ outcome: "failed", step: "agent" });
  expect(String(scene.marker()["log"]).length).toBeLessThanOrEqual(32 * 1024);
});
