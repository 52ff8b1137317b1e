/** From the sight of a file to one run, with stand-ins for Durable's client and the account that keep their promises. */
import { describe, expect, test } from "vitest";
import type { DurableClient } from "durable-functions";
import { arrived, consider, type Arrivals } from "../../../src/functions/import-arrivals.js";
import { claimant } from "../../../src/activities/import/look-at-drop.js";
import type { DropRef } from "../../../src/domain/import/drop.js";
import { importRunId } from "../../../src/domain/import/run-id.js";
import type { Board } from "../../../src/domain/stages.js";
import type { RunStore } from "../../../src/ports/run-store.js";
import { dropOf, inputOf } from "../../support/import-world.js";

function memoryStore(): RunStore {
  const kept = new Map<string, Uint8Array>();
  const key = (runId: string, name: string) => `${runId}/${name}`;
  return {
    put: (runId, name, bytes) => Promise.resolve(void kept.set(key(runId, name), bytes)),
    putOnce: (runId, name, bytes) => {
      const there = kept.get(key(runId, name)) ?? bytes;
      kept.set(key(runId, name), there);
      return Promise.resolve(there);
    },
    get: (runId, name) => Promise.resolve(kept.get(key(runId, name))),
    list: () => Promise.resolve([]),
    removeAll: () => Promise.resolve(),
  };
}

/** Refuses a second start of an instance, as the extension does while the first runs. */
class Durable {
  readonly instances = new Map<string, { customStatus: Partial<Board>; runtimeStatus: string }>();
  getStatus(instanceId: string) {
    const found = this.instances.get(instanceId);
    return found
      ? Promise.resolve({ instanceId, ...found })
      : Promise.reject(new Error("HTTP 404: instance not found"));
  }
  startNew(_name: string, { instanceId }: { instanceId: string }) {
    if (this.instances.has(instanceId)) return Promise.reject(new Error("409 exists"));
    this.show(instanceId, "running");
    return Promise.resolve(instanceId);
  }
  show(instanceId: string, landing: "running" | "done", status: Board["status"] = "running") {
    this.instances.set(instanceId, {
      customStatus: { status, stages: [{ name: "landing", state: landing }] },
      runtimeStatus: "Running",
    });
  }
}

function world(present: readonly DropRef[] = []) {
  const durable = new Durable();
  const runs = memoryStore();
  const files = new Map(present.map((drop) => [drop.blob, drop]));
  const arrivals: Arrivals = {
    runs,
    settings: inputOf().settings,
    claimant: (contentRunId) => claimant(runs, contentRunId),
    describedBy: ({ container, blob }) =>
      Promise.resolve(blob.startsWith("shop/") ? { container, blob: "shop/shop.image.json" } : undefined),
    drops: {
      look: ({ blob }) => {
        const drop = files.get(blob);
        return Promise.resolve(drop && { drop, uri: "", leased: false, copy: "none" as const, metadata: {} });
      },
      async *list() {
        yield* await Promise.resolve(files.values());
      },
      open: () => {
        throw new Error("An arrival reads nothing of the file.");
      },
      readText: () => Promise.resolve(undefined),
      writeBeside: () => Promise.resolve(),
    },
  };
  const client = durable as unknown as DurableClient;
  return {
    durable,
    runs,
    files,
    see: (drop: DropRef) => consider(drop, client, arrivals),
    announce: (blob: string) => arrived({ container: "drop", blob }, client, arrivals),
  };
}

describe("the arrival of a file", () => {
  test("starts one run, however often and by whomever it is announced", async () => {
    const { durable, announce, see } = world([dropOf()]);
    const first = await announce("web.vhd");
    expect(first).toEqual({ outcome: "started", runId: importRunId(dropOf()) });
    const again = await Promise.all([announce("web.vhd"), see(dropOf()), announce("web.vhd")]);
    expect(again.map(({ outcome }) => outcome)).toEqual(["known", "known", "known"]);
    expect(durable.instances.size).toBe(1);
  });

  test("starts one run for two announcements at one moment", async () => {
    const { durable, announce } = world([dropOf()]);
    const both = await Promise.all([announce("web.vhd"), announce("web.vhd")]);
    expect(both.map(({ outcome }) => outcome).sort()).toEqual(["known", "started"]);
    expect(durable.instances.size).toBe(1);
  });

  test("starts no run for each write of an upload: one waits already, and will take what comes", async () => {
    const { durable, see } = world();
    for (let write = 0; write < 20; write++) await see(dropOf("web.vhd", `"${write}"`));
    expect(durable.instances.size).toBe(1);
  });

  test("starts another run for new content, once the first no longer waits", async () => {
    const { durable, see } = world();
    await see(dropOf("web.vhd", '"1"'));
    durable.show(`import-${importRunId(dropOf("web.vhd", '"1"'))}`, "done");
    expect(await see(dropOf("web.vhd", '"2"'))).toMatchObject({ outcome: "started" });
  });

  test("starts none for content that a run has claimed under another id", async () => {
    const { see, runs } = world();
    const settled = dropOf("web.vhd", '"9"');
    await runs.putOnce("claims", importRunId(settled), new TextEncoder().encode("web-of-the-first-sight"));
    expect(await see(settled)).toEqual({ outcome: "known", runId: "web-of-the-first-sight" });
  });

  test.each([
    ["web.vhd.verdict.json", "neither a .vhd nor"],
    ["notes.txt", "neither a .vhd nor"],
    ["gone.vhd", "it is gone"],
    ["shop/os.vhd", "shop/shop.image.json describes it"],
  ])("of %s starts nothing", async (blob, because) => {
    const { announce, durable } = world([
      dropOf("shop/os.vhd"),
      dropOf("notes.txt"),
      dropOf("web.vhd.verdict.json"),
    ]);
    expect(await announce(blob)).toMatchObject({
      outcome: "ignored",
      because: expect.stringContaining(because) as string,
    });
    expect(durable.instances.size).toBe(0);
  });

  test("of a description starts its run", async () => {
    const { announce } = world([dropOf("shop/shop.image.json")]);
    expect(await announce("shop/shop.image.json")).toMatchObject({ outcome: "started" });
  });
});
