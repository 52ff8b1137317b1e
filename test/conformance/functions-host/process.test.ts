/** The host as a process: one line when ready, gone with its parent, clear about what is wrong. */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadApp } from "../../../src/local/functions-host/core/app-loader.js";
import { globToRegExp } from "../../../src/local/functions-host/core/glob.js";
import { appSettings } from "../../../src/local/functions-host/settings.js";
import { type HostProcess, spawnHost } from "./host-process.js";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "process-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));
const start = (state: string): Promise<HostProcess> => spawnHost("fixture-app", join(root, state));

// Side by side: the first waits for seconds.
describe.concurrent("the host process", () => {
  it("refuses a state folder that another host holds, and takes over that of a killed one", async () => {
    const holder = await start("held");
    await expect(start("held")).rejects.toThrow(`in use by process ${holder.pid}`);
    await holder.kill();
    const heir = await start("held");
    expect((await fetch(`${heir.webhooks}/instances`)).status).toBe(200);
    await heir.kill();
  });

  it("answers when it says so, and ends by itself when its parent is gone", async () => {
    const { child, webhooks } = await start("orphan");
    expect((await fetch(`${webhooks}/instances`)).status).toBe(200);
    const exited = once(child, "exit");
    child.stdin!.end();
    expect(await exited).toEqual([0, null]);
    await expect(fetch(`${webhooks}/instances`)).rejects.toThrow();
  });

  it("stops gracefully on SIGTERM, within five seconds, with a timer set and a request open", async () => {
    const { child, url, webhooks } = await start("graceful");
    const headers = { "content-type": "application/json" };
    await fetch(`${webhooks}/orchestrators/approval`, { method: "POST", headers, body: "1" });
    const open = connect(Number(new URL(url).port), "127.0.0.1");
    open.on("error", () => undefined);
    open.write("POST /api/hello/Bob HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhi");
    await once(open, "connect");
    const beganMs = performance.now();
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(performance.now() - beganMs).toBeLessThan(5000);
  });

  it("names a state folder that cannot be written at start, with what to do", async () => {
    await writeFile(join(root, "file"), "");
    const state = join(root, "file", "state");
    await expect(start("file/state")).rejects.toThrow(`${state} cannot keep the state: ENOTDIR`);
  });

  // A limit on the size of files stands for a full disk: the kernel refuses the write in the same way.
  it.runIf(process.platform !== "win32")(
    "ends with the reason once its state folder is full, and loses nothing that was acknowledged",
    async () => {
      const limited = ["/bin/sh", "-c", 'trap "" XFSZ; ulimit -f 64; exec "$@"', "sh"] as const;
      const host = await spawnHost("fixture-app", join(root, "full"), { within: limited });
      const exited = once(host.child, "exit");
      const acknowledged: string[] = [];
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify("x".repeat(5000));
      for (let n = 0; n < 100; n++) {
        const url = `${host.webhooks}/orchestrators/approval/full-${n}`;
        const answer = await fetch(url, { method: "POST", headers, body }).catch(() => undefined);
        if (answer?.status === 202) acknowledged.push(`full-${n}`);
      }
      expect(await exited).toEqual([1, null]);
      expect(host.errors.join("\n")).toMatch(/durable\.journal cannot be written: EFBIG.*Make room/);
      expect(acknowledged.length).toBeGreaterThan(0);
      expect(acknowledged.length).toBeLessThan(100);

      const heir = await start("full");
      for (const id of acknowledged)
        expect((await fetch(`${heir.webhooks}/instances/${id}`)).status, id).toBe(202);
      await heir.kill();
    },
  );
});

describe("what is wrong with an app", () => {
  const app = async (files: Record<string, string>) => {
    const dir = await mkdtemp(join(root, "app-"));
    for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
    return dir;
  };
  const load = async (files: Record<string, string>) => loadApp(await app(files), () => undefined);

  it.each([
    ["no main", { "package.json": "{}" }, 'has no "main"'],
    ["a main that matches nothing", { "package.json": '{"main":"dist/*.js"}' }, "matches no file: dist/*.js"],
    ["no function", { "package.json": '{"main":"a.cjs"}', "a.cjs": "" }, "registered no function"],
    [
      "an error while loading",
      { "package.json": '{"main":"a.cjs"}', "a.cjs": "throw new Error('boom')" },
      "boom",
    ],
  ])("is said at start: %s", async (_, files, message) => {
    await expect(load(files as Record<string, string>)).rejects.toThrow(message);
  });

  it.each([
    ["dist/src/{index.js,functions/*.js}", "dist/src/functions/a.js", true],
    ["dist/src/{index.js,functions/*.js}", "dist/src/functions/deep/a.js", false],
    ["dist/**/*.js", "dist/a/b/c.js", true],
    ["./main.js", "main.js", true],
    ["main.js", "mainxjs", false],
  ])("main %s matches %s: %s", (glob, path, expected) => {
    expect(globToRegExp(glob).test(path)).toBe(expected);
  });

  it("names the setting that is missing and who wants it", () => {
    const settings = appSettings({ Identity__fullyQualifiedNamespace: "x" });
    expect(() => settings.resolve("%QUEUE%", 'Function "f"')).toThrow('Function "f" uses %QUEUE%');
    expect(() => settings.connectionString("BUS", 'Function "f"')).toThrow('needs the app setting "BUS"');
    expect(() => settings.connectionString("Identity", "f")).toThrow("identity-based connections need Azure");
  });
});
