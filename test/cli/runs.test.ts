import { afterEach, describe, expect, it } from "vitest";
import { accepted, notFound, run, startApp, vmimage } from "./pretend-app.js";
import type { Answer, App, Asked } from "./pretend-app.js";

let app: App | undefined;
afterEach(async () => {
  await app?.stop();
  app = undefined;
});

async function appThat(answer: (asked: Asked, index: number) => Answer) {
  app = await startApp(answer);
  return { env: { VMIMAGE_URL: app.url }, asked: app.asked };
}

/** Answers one capture after the other to whoever asks for it, and knows no other kind of run. */
function captureThatGoes(...documents: readonly object[]) {
  let next = 0;
  return ({ path, method }: Asked): Answer => {
    if (method === "POST") return { status: 202, json: {} };
    if (!path.startsWith("/api/captures/")) return notFound("r-1");
    return { json: documents[Math.min(next++, documents.length - 1)] };
  };
}

describe("vmimage watch", () => {
  it.each<[string, number]>([
    ["succeeded", 0],
    ["failed", 1],
    ["refused", 2],
    ["cancelled", 4],
  ])("ends as the run does: %s is %i", async (status, code) => {
    const { env } = await appThat(captureThatGoes(run("r-1", status)));
    expect((await vmimage(["watch", "r-1"], { env })).code).toBe(code);
  });

  it("writes each change once where output is a log, percent by tens, and at the end all that is worth a look", async () => {
    const checks = [{ id: "cdrom", verdict: "warn", detail: "Start is 4.", remedy: "The seal sets it." }];
    const result = { image: { id: "/images/web" }, checks, source: { replacedDisks: ["/disks/old"] } };
    const { env } = await appThat(
      captureThatGoes(
        run("r-1", "running", ["backup:running", "clone:pending"]),
        run("r-1", "running", ["backup:running:12", "clone:pending"]),
        run("r-1", "running", ["backup:running:17", "clone:pending"]),
        run("r-1", "running", ["backup:done", "clone:running"]),
        run("r-1", "succeeded", ["backup:done", "clone:done"], { result }),
      ),
    );
    const { out } = await vmimage(["watch", "r-1"], { env });
    expect(out.split("\n").map((line) => line.replace(/\s+/g, " ").trim())).toEqual([
      // locateRun has looked once before.
      "capture r-1: running",
      "▸ backup 2 min 05 s 12 %",
      "✓ backup 2 min 05 s",
      "▸ clone 2 min 05 s",
      "✓ clone 2 min 05 s",
      "capture r-1: succeeded",
      "created /images/web",
      "! cdrom: Start is 4.",
      "→ The seal sets it.",
      "kept, but not in use: /disks/old",
      "",
    ]);
    expect(out).not.toContain("\u001b");
  });

  it("draws in place on a screen, no line wider than it", async () => {
    const { env } = await appThat(
      captureThatGoes(
        run("r-1", "running", ["backup:running:1"]),
        run("r-1", "running", ["backup:running:1"]),
        run("r-1", "succeeded", ["backup:done"]),
      ),
    );
    const { out } = await vmimage(["watch", "r-1"], { env, columns: 24 });
    expect(out.match(/\u001b\[2A/g)).toHaveLength(1);
    for (const line of out.split("\n")) expect(line.replace(/\u001b\[\w+/g, "").length).toBeLessThan(24);
  });

  it("asks less often while nothing changes, and often again when something did", async () => {
    const idle = run("r-1", "running", ["register:running:5"]);
    const { env } = await appThat(
      captureThatGoes(
        ...Array<object>(12).fill(idle),
        run("r-1", "running", ["register:running:9"]),
        run("r-1", "failed"),
      ),
    );
    const { slept } = await vmimage(["watch", "r-1"], { env });
    expect(slept.slice(0, 3)).toEqual([1000, 1500, 2250]);
    expect(Math.max(...slept)).toBe(15_000);
    expect(slept.at(-1)).toBe(1000);
  });

  it("outlasts an app that is away for a while", async () => {
    const goes = captureThatGoes(run("r-1", "running"), run("r-1", "running"), run("r-1", "succeeded"));
    const { env } = await appThat((asked, index) =>
      index >= 2 && index < 8 ? { breakOff: true } : goes(asked),
    );
    const { code, err } = await vmimage(["watch", "capture/r-1"], { env });
    expect(code).toBe(0);
    expect(err.match(/The run continues on its own/g)).toHaveLength(1);
  });

  it("gives up on an app that stays away", async () => {
    const goes = captureThatGoes(run("r-1", "running"));
    const { env } = await appThat((asked, index) =>
      index >= 4 ? { status: 502, text: "gone" } : goes(asked),
    );
    const { code, err, slept } = await vmimage(["watch", "capture/r-1"], { env });
    expect(code).toBe(69);
    expect(err).toContain("The run continues on its own");
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(10 * 60_000);
  });

  it("says the cause, what to do and what is left, with no control character of a guest's log", async () => {
    const error = {
      code: "SEAL_FAILED",
      message: "Sysprep\u001b[31m said\nno",
      remedy: "\u202eReboot it.\u009b2J",
      stage: "generalize",
    };
    const leftovers = [{ resource: "/disks/d-1", reason: "still attached" }];
    const { env } = await appThat(captureThatGoes(run("r-1", "failed", [], { error, leftovers })));
    const { out } = await vmimage(["watch", "r-1"], { env });
    expect(out).toContain("SEAL_FAILED in generalize: Sysprep [31m said no\n→  Reboot it. 2J\n");
    expect(out).toContain("Left over:\n  /disks/d-1  (still attached)");
  });

  it("names what a restore could not bring back, and the disks that it took out of use", async () => {
    const result = { vmId: "/vms/web", warnings: ["an extension is gone"], replacedDisks: ["/disks/old-os"] };
    const { env } = await appThat(captureThatGoes(run("r-1", "succeeded", [], { result })));
    const { out } = await vmimage(["watch", "r-1"], { env });
    expect(out).toContain("created /vms/web\n! an extension is gone\nkept, but not in use: /disks/old-os\n");
  });

  it("follows an import to the run that its file was handed to", async () => {
    const { env } = await appThat(({ path }) => {
      if (path === "/api/imports/one")
        return { json: { ...run("one", "succeeded", [], { result: { handedTo: "two" } }), kind: "import" } };
      return path === "/api/imports/two"
        ? { json: { ...run("two", "refused"), kind: "import" } }
        : notFound("one");
    });
    const { code, out } = await vmimage(["watch", "one"], { env });
    expect(code).toBe(2);
    expect(out).toContain("Another run is making the image of this file: two");
  });

  it("keeps standard output to the document with --json", async () => {
    const { env } = await appThat(captureThatGoes(run("r-1", "succeeded", ["backup:done"])));
    const { out } = await vmimage(["watch", "r-1", "--json"], { env });
    expect(JSON.parse(out)).toMatchObject({ id: "r-1", status: "succeeded" });
  });

  it("tells a run that is not there from one of which there are two", async () => {
    const { env } = await appThat(() => notFound("r-1"));
    expect(await vmimage(["watch", "r-1"], { env })).toMatchObject({ code: 66 });
    await app?.stop();
    const both = await appThat(({ path }) =>
      path.startsWith("/api/restores")
        ? notFound("r-1")
        : { json: { ...run("r-1", "running"), kind: path.split("/")[2]?.slice(0, -1) } },
    );
    const { code, err } = await vmimage(["watch", "r-1"], both);
    expect(code).toBe(64);
    expect(err).toContain("capture/r-1 or import/r-1");
  });

  it("means the restore of a capture while that is under way, for both have one id", async () => {
    const { env } = await appThat(({ path }) => {
      if (path.startsWith("/api/imports")) return notFound("r-1");
      if (path.startsWith("/api/captures")) return { json: run("r-1", "failed") };
      return { json: { ...run("r-1", app?.asked.length === 4 ? "cancelled" : "running"), kind: "restore" } };
    });
    const { code, out } = await vmimage(["watch", "r-1"], { env });
    expect(out).toContain("restore r-1: cancelled");
    expect(code).toBe(4);
  });
});

describe("vmimage runs", () => {
  it("lists the newest first as the app gives them, and where each stands", async () => {
    const runs = [
      run("b", "running", ["backup:done", "register:running:40"]),
      run("a", "failed", [], {
        error: { code: "TIME_LIMIT", message: "", remedy: "" },
        leftovers: [{ resource: "d", reason: "r" }],
      }),
    ];
    const { env, asked } = await appThat(() => ({ json: { count: 9, runs } }));
    const { out, code } = await vmimage(["runs", "--kind", "capture"], { env });
    expect(code).toBe(0);
    expect(asked[0]?.path).toBe("/api/runs?kind=capture");
    expect(out.split("\n")).toEqual([
      "STATUS   KIND     ID  STARTED (UTC)        PROGRESS",
      "running  capture  b   2031-05-06 07:08:09  register, 40 %",
      "failed   capture  a   2031-05-06 07:08:09  TIME_LIMIT, 1 left over",
      "and 7 older",
      "",
    ]);
    expect((await vmimage(["runs", "--active", "--json"], { env })).out).not.toContain('"a"');
    await vmimage(["runs", "--since", "2031-05-01T00:00:00+02:00"], { env });
    expect(asked.slice(1).map(({ path }) => decodeURIComponent(path))).toEqual([
      "/api/runs?status=pending,running",
      "/api/runs?since=2031-05-01T00:00:00+02:00",
    ]);
  });

  it("hands on what the app has against a time", async () => {
    const error = { code: "INVALID_REQUEST", message: "since: must be a day", remedy: "Correct it." };
    const { env } = await appThat(() => ({ status: 400, json: { error } }));
    const { code, err } = await vmimage(["runs", "--since", "yesterday"], { env });
    expect({ code, err }).toEqual({
      code: 64,
      err: "vmimage runs: INVALID_REQUEST: since: must be a day\n→ Correct it.\n",
    });
  });

  it("says so when there are none", async () => {
    const { env } = await appThat(() => ({ json: { count: 0, runs: [] } }));
    expect((await vmimage(["runs"], { env })).out).toBe("No runs were found.\n");
    expect((await vmimage(["runs", "--kind", "cake"], { env })).code).toBe(64);
  });
});

describe("vmimage cancel", () => {
  it("asks the run to stop and gives the reason on", async () => {
    const { env, asked } = await appThat(captureThatGoes(run("r-1", "running")));
    expect((await vmimage(["cancel", "r-1", "--reason", "wrong VM"], { env })).code).toBe(0);
    expect(asked.find(({ method }) => method === "POST")).toMatchObject({
      path: "/api/captures/r-1/cancel",
      body: "wrong VM",
    });
  });

  it.each<[string, string, number]>([
    ["it was cancelled in time", "cancelled", 0],
    ["it was through before", "succeeded", 1],
  ])("waits when asked to: %s", async (_how, ending, code) => {
    const { env } = await appThat(captureThatGoes(run("r-1", "running"), run("r-1", ending)));
    expect((await vmimage(["cancel", "r-1", "--wait"], { env })).code).toBe(code);
  });

  it("leaves a run alone that has ended", async () => {
    const { env, asked } = await appThat(captureThatGoes(run("r-1", "succeeded")));
    const { code, err } = await vmimage(["cancel", "r-1"], { env });
    expect(code).toBe(1);
    expect(err).toContain("has already ended: succeeded");
    expect(asked.some(({ method }) => method === "POST")).toBe(false);
  });
});

describe.each(["restore", "resume"])("vmimage %s", (act) => {
  const kind = act === "restore" ? "restore" : "capture";

  it("starts a new run of an earlier capture and says how to follow it", async () => {
    const { env, asked } = await appThat(() => accepted(kind, "r-2"));
    const { code, out } = await vmimage([act, "capture/r-1"], { env });
    expect(code).toBe(0);
    expect(asked[0]).toMatchObject({ method: "POST", path: `/api/captures/r-1/${act}` });
    expect(out).toContain(`vmimage watch ${kind}/r-2`);
  });

  it("is refused where that cannot be", async () => {
    const error = { code: "RUN_NOT_RESUMABLE", message: "It still runs.", remedy: "Wait." };
    const { env } = await appThat(() => ({ status: 409, json: { error } }));
    const { code, err } = await vmimage([act, "r-1"], { env });
    expect(code).toBe(2);
    expect(err).toContain("RUN_NOT_RESUMABLE: It still runs.\n→ Wait.");
  });

  it("does not start two when the answer got lost", async () => {
    const { env, asked } = await appThat(() => ({ breakOff: true }));
    expect((await vmimage([act, "r-1"], { env })).code).toBe(69);
    expect(asked).toHaveLength(1);
  });

  it("says whether the app lacks the capture or the route", async () => {
    const { env } = await appThat((_asked, index) => (index === 0 ? notFound("r-1") : { status: 404 }));
    expect(await vmimage([act, "r-1"], { env })).toMatchObject({ code: 66 });
    const { code, err } = await vmimage([act, "r-1"], { env });
    expect(code).toBe(69);
    expect(err).toContain("there is no such route");
  });
});

describe("vmimage restore --again", () => {
  it("asks for what was restored before", async () => {
    const { env, asked } = await appThat(() => accepted("restore", "r-1.2"));
    await vmimage(["restore", "r-1", "--again"], { env });
    expect(asked[0]?.body).toBe('{"again":true}');
    expect((await vmimage(["resume", "r-1", "--again"], { env })).code).toBe(64);
  });
});
