import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { accepted, run, startApp, vmimage, type Answer, type App, type Asked } from "./pretend-app.js";

const GROUP = "/subscriptions/s-1/resourceGroups/app/providers/Microsoft.Compute";
const VM = `${GROUP}/virtualMachines/web-01`;
const DEFINITION = `${GROUP}/galleries/gallery/images/web`;
const IMAGE = `${GROUP}/images/web`;

let folder = "";
let app: App | undefined;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "vmimage-capture-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  await app?.stop();
  app = undefined;
});

async function appThat(answer: (asked: Asked, index: number) => Answer) {
  app = await startApp(answer);
  return { env: { VMIMAGE_URL: app.url, VMIMAGE_KEY: "k-0123456789" }, asked: app.asked };
}

const requestIn = (asked: readonly Asked[]) => JSON.parse(asked[0]?.body ?? "") as Record<string, unknown>;

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("vmimage capture", () => {
  it("posts what the options say, and nothing that the app would fill in by itself", async () => {
    const { env, asked } = await appThat(() => accepted("capture", "r-1"));
    const { code, out } = await vmimage(
      ["capture", "--vm", VM, "--definition", DEFINITION, "--version", "1.2.3", "--os-image", "--id", "r-1"],
      { env },
    );
    expect(code).toBe(0);
    expect(out).toContain("vmimage watch r-1");
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ method: "POST", path: "/api/captures" });
    expect(asked[0]?.headers["x-functions-key"]).toBe("k-0123456789");
    expect(requestIn(asked)).toEqual({
      requestId: "r-1",
      sourceVmId: VM,
      image: { kind: "os-image" },
      target: { kind: "gallery", definitionId: DEFINITION, version: "1.2.3" },
    });
  });

  it.each<[string, string[], object]>([
    ["in place", ["--definition", DEFINITION, "--in-place"], { mode: "in-place" }],
    ["specialized", ["--definition", DEFINITION, "--specialized"], { image: { state: "specialized" } }],
    ["a plan only", ["--definition", DEFINITION, "--dry-run"], { dryRun: true }],
    ["a managed image", ["--image", IMAGE], { target: { kind: "managed-image", imageId: IMAGE } }],
  ])("has an option for it: %s", async (_what, options, expected) => {
    const { env, asked } = await appThat(() => accepted("capture", "r-1"));
    await vmimage(["capture", "--vm", VM, ...options], { env });
    expect(requestIn(asked)).toMatchObject(expected);
  });

  it("starts from a file, over which the options win; the other kind of target goes whole", async () => {
    const { env, asked } = await appThat(() => accepted("capture", "r-1"));
    const path = file("request.json", {
      sourceVmId: `${VM}-old`,
      target: { kind: "gallery", definitionId: DEFINITION, replicationMode: "Shallow" },
      backup: { kind: "snapshots" },
      requestId: "from-file",
    });
    await vmimage(["capture", "--file", path, "--vm", VM, "--version", "next-minor"], { env });
    await vmimage(["capture", "--file", path, "--image", IMAGE], { env });
    expect(requestIn(asked)).toEqual({
      sourceVmId: VM,
      target: {
        kind: "gallery",
        definitionId: DEFINITION,
        replicationMode: "Shallow",
        version: "next-minor",
      },
      backup: { kind: "snapshots" },
      requestId: "from-file",
    });
    expect(requestIn(asked.slice(1))["target"]).toEqual({ kind: "managed-image", imageId: IMAGE });
  });

  it("says everything that is wrong at once, names the options, and sends nothing", async () => {
    const { env, asked } = await appThat(() => accepted("capture", "r-1"));
    const path = file("wrong.json", { backup: { kind: "tape" }, colour: "blue" });
    const { code, err } = await vmimage(
      ["capture", "--file", path, "--vm", "web-01", "--definition", "web", "--version", "1.2"],
      { env },
    );
    expect(code).toBe(64);
    expect(asked).toEqual([]);
    for (const part of [
      "sourceVmId (--vm): must be a resource id",
      "target.definitionId (--definition): must be a resource id",
      "target.version (--version): must be a version such as 1.2.3, or next-patch",
      "backup.kind",
      "colour",
    ])
      expect(err).toContain(part);
  });

  it.each<[string, string[], string]>([
    ["no VM", ["--definition", DEFINITION], "Specify the virtual machine with --vm"],
    ["no target", ["--vm", VM], "target (--definition or --image)"],
    ["both targets", ["--vm", VM, "--definition", DEFINITION, "--image", IMAGE], "not both"],
    ["a combination that Azure lacks", ["--vm", VM, "--image", IMAGE, "--specialized"], "specialized image"],
    ["an id that cannot be one", ["--vm", VM, "--image", IMAGE, "--id", "a b"], "requestId (--id)"],
    ["an unknown option", ["--vm", VM, "--purple"], "--purple"],
    ["a file that is not there", ["--file", "/nowhere/request.json"], "could not be read"],
  ])("ends with 64 and says why: %s", async (_why, options, words) => {
    const { env, asked } = await appThat(() => accepted("capture", "r-1"));
    const { code, err } = await vmimage(["capture", ...options], { env });
    expect({ code, asked }).toEqual({ code: 64, asked: [] });
    expect(err).toContain(words);
  });

  it.each<[string, string, string]>([
    ["not JSON", "{", "is not JSON"],
    ["a list", "[]", "is not a JSON object"],
  ])("ends with 64 for a file that is no request: %s", async (_why, content, words) => {
    const { code, err } = await vmimage(["capture", "--file", file("bad.json", content)]);
    expect(code).toBe(64);
    expect(err).toContain(words);
  });

  it("sends the same request with the same id again when its answer got lost", async () => {
    const { env, asked } = await appThat(
      (_asked, index) => [{ breakOff: true } as const, { status: 503 }][index] ?? accepted("capture", "x"),
    );
    const { code, slept } = await vmimage(["capture", "--vm", VM, "--image", IMAGE], { env });
    expect(code).toBe(0);
    expect(slept).toEqual([1000, 2000]);
    expect(new Set(asked.map(({ body }) => body)).size).toBe(1);
    expect(requestIn(asked)["requestId"]).toMatch(/^cli-\d{14}-[0-9a-f]{8}$/);
  });

  it("gives on what the app finds wrong, with its code and remedy", async () => {
    const error = { code: "INVALID_REQUEST", message: "limits: no", remedy: "Correct it." };
    const { env } = await appThat(() => ({ status: 400, json: { error } }));
    const { code, err } = await vmimage(["capture", "--vm", VM, "--image", IMAGE], { env });
    expect(code).toBe(64);
    expect(err).toContain("INVALID_REQUEST: limits: no\n→ Correct it.");
  });

  it("follows the run when asked to, and ends as it does", async () => {
    const { env } = await appThat(({ method }) =>
      method === "POST" ? accepted("capture", "r-1") : { json: run("r-1", "refused") },
    );
    expect((await vmimage(["capture", "--vm", VM, "--image", IMAGE, "--wait"], { env })).code).toBe(2);
  });

  describe("as a dry run", () => {
    const plan = {
      source: { id: VM, size: "Standard_D2s_v5", disks: 3, gigabytes: 319 },
      backup: ["/collections/c", "/collections/c/restorePoints/backup"],
      temporary: ["/disks/os", "/disks/lun0"],
      image: "/images/web/versions/1.0.1",
      sourceAfter: "only read and backed up",
    };
    const dryRun = (checks: readonly object[]) =>
      run("r-1", "succeeded", [], { result: { dryRun: true, plan, checks } });
    const checks = [
      { id: "password", verdict: "warn", detail: "It expires.", remedy: "Let it not." },
      { id: "agent-answers", verdict: "pass", detail: "" },
    ];

    it("waits without being told to, and shows the plan and what is to be looked at", async () => {
      const { env, asked } = await appThat(({ method }) =>
        method === "POST" ? accepted("capture", "r-1") : { json: dryRun(checks) },
      );
      const { code, out } = await vmimage(["capture", "--vm", VM, "--image", IMAGE, "--dry-run"], { env });
      expect(code).toBe(0);
      expect(requestIn(asked)).toMatchObject({ dryRun: true });
      const ids = [VM, ...plan.backup, ...plan.temporary, plan.image];
      for (const part of [
        ...ids,
        "Nothing was changed",
        "1 checks passed, 1 to look at",
        "! password: It expires.",
        "→ Let it not.",
      ])
        expect(out).toContain(part);
      expect(out).not.toContain("agent-answers");
    });

    it("ends with 2 when the run itself would be refused", async () => {
      const bitLocker = { id: "bitlocker", verdict: "block", detail: "It is on.", remedy: "Turn it off." };
      const { env } = await appThat(({ method }) =>
        method === "POST" ? accepted("capture", "r-1") : { json: dryRun([bitLocker, ...checks]) },
      );
      const { code, out } = await vmimage(["capture", "--vm", VM, "--image", IMAGE, "--dry-run"], { env });
      expect(code).toBe(2);
      expect(out).toContain("✗ bitlocker: It is on.");
    });
  });
});
