/**
 * Ways back, through the whole house: a source VM that was sealed in place is made again from its backup; a capture that
 * failed goes on from the stage that failed.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readSample, setting } from "../../src/local/cloud/app-settings.js";
import { definitionId, newSubscription, vmId, windowsDefinition } from "../../src/local/cloud/seed.js";
import type { SeedVm } from "../../src/local/compute/seed.js";
import type { RunDocument } from "../../src/local/demo/runs.js";
import type { LocalEnvironment } from "../support/local-environment.js";
import { startLocalEnvironment } from "../support/local-environment.js";

const vm = (name: string): SeedVm => ({
  name,
  resourceGroup: "app",
  osType: "Windows",
  generation: "V2",
  osDisk: { sizeGb: 127, caching: "ReadWrite" },
  dataDisks: [
    { lun: 0, sizeGb: 16, caching: "None" },
    { lun: 5, sizeGb: 32, caching: "ReadOnly" },
  ],
  tags: { team: "web" },
});

let local: LocalEnvironment;
beforeAll(async () => {
  const accountId = setting(readSample(process.cwd()), "DROP_STORAGE_ACCOUNT_ID");
  const seed = newSubscription(accountId.split("/")[2] ?? "");
  local = await startLocalEnvironment({ seed: { ...seed, vms: [vm("sealed"), vm("again")] } });
});
afterAll(() => local.stop());

async function capture(id: string, name: string, more: Record<string, unknown>): Promise<RunDocument> {
  await local.send(id, {
    sourceVmId: vmId(local.subscriptionId, name),
    target: { kind: "gallery", definitionId: definitionId(local.subscriptionId, windowsDefinition) },
    ...more,
  });
  return local.ended("capture", id);
}

interface Answer {
  readonly status: number;
  readonly body: { readonly id: string; readonly error?: Record<"code" | "message" | "remedy", string> };
}
let resumedId = "";

async function ask(path: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(`${local.hostUrl}/api/${path}`, init);
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}
const get = (path: string) => ask(path, {});
const post = (path: string, body: unknown = {}) =>
  ask(path, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });

/** Each is refused with its status and code, a reason and a remedy, and begins no run. */
async function refuses(rows: readonly (readonly [string, unknown, number, string])[]): Promise<void> {
  const runs = async () => ((await get("runs")).body as unknown as { count: number }).count;
  const before = await runs();
  for (const [path, body, status, code] of rows) {
    const answer = await post(path, body);
    expect({ path, status: answer.status, code: answer.body.error?.code }).toEqual({ path, status, code });
    expect(answer.body.error?.message).toMatch(/\w/);
    expect(answer.body.error?.remedy).toMatch(/\w/);
  }
  expect(await runs()).toBe(before);
}

const creates = async (pattern: RegExp): Promise<string[]> => {
  const writes = await local.writes();
  return writes
    .filter(({ method, resource }) => method === "PUT" && pattern.test(resource))
    .map(({ resource }) => resource);
};

describe("a VM that was captured in place", () => {
  test("is sealed itself, and said to be", { timeout: 120_000 }, async () => {
    const run = await capture("in-place", "sealed", { mode: "in-place" });
    expect(run.error).toBeUndefined();
    const target = { kind: "gallery", definitionId: definitionId(local.subscriptionId, windowsDefinition) };
    const again = {
      requestId: "in-place",
      mode: "in-place",
      target,
      sourceVmId: vmId(local.subscriptionId, "sealed"),
    };
    expect(await post("captures", again)).toMatchObject({ status: 202, body: { id: "in-place" } });
    await refuses([["captures", { ...again, mode: "clone" }, 409, "REQUEST_ID_TAKEN"]]);
    const { statuses } = await local.compute.virtualMachines.instanceView("app", "sealed");
    expect(statuses?.map(({ code }) => code)).toContain("OSState/generalized");
    // What a clone would have been spared: the log that the other tests find empty is not empty here.
    const written = (await local.writes()).filter(({ resource }) =>
      /virtualMachines\/sealed$/.test(resource),
    );
    expect(written.map(({ method }) => method)).toEqual(["POST", "POST"]);
  });

  test(
    "is made again from its backup: running, its disks where they were, nothing of the old lost",
    { timeout: 120_000 },
    async () => {
      const before = await local.compute.virtualMachines.get("app", "sealed");
      expect((await post("captures/in-place/restore")).status).toBe(202);
      const run = await local.ended("restore", "in-place");
      expect(run.error).toBeUndefined();
      const after = await local.compute.virtualMachines.get("app", "sealed", { expand: "instanceView" });
      const layout = ({ storageProfile }: typeof before) =>
        storageProfile?.dataDisks?.map(({ lun, caching }) => ({ lun, caching }));
      expect(layout(after)).toEqual(layout(before));
      expect(after.tags).toMatchObject({ team: "web" });
      expect(after.networkProfile?.networkInterfaces?.map(({ id }) => id)).toEqual(
        before.networkProfile?.networkInterfaces?.map(({ id }) => id),
      );
      expect(after.instanceView?.statuses?.map(({ code }) => code)).toContain("PowerState/running");
      const old = before.storageProfile?.osDisk?.managedDisk?.id ?? "";
      expect(after.storageProfile?.osDisk?.managedDisk?.id).not.toBe(old);
      await local.compute.disks.get("app", old.split("/").at(-1) ?? "");
      expect(JSON.stringify(run.result)).toContain(old.split("/").at(-1));
    },
  );

  test("is rebuilt once more on request, as a run of its own", { timeout: 120_000 }, async () => {
    const { status, body } = await post("captures/in-place/restore", { again: true });
    expect(status).toBe(202);
    expect(body.id).not.toBe("in-place");
    const run = await local.ended("restore", body.id);
    expect(run.error).toBeUndefined();
    expect(run.status).toBe("succeeded");
  });

  test("reports what is wrong with a request, and nothing is started", async () => {
    await refuses([
      ["captures/nobody/restore", {}, 404, "RUN_NOT_FOUND"],
      ["captures/..%2f..%2fcaptures/restore", {}, 404, "RUN_NOT_FOUND"],
      ["captures/in-place/restore", { again: "yes" }, 400, "INVALID_REQUEST"],
      ["captures/in-place/restore", { again: true, diskSku: "Premium_LRS" }, 400, "INVALID_REQUEST"],
      ["captures/in-place/restore", "again, please", 400, "INVALID_REQUEST"],
      ["captures/in-place/restore", ["again"], 400, "INVALID_REQUEST"],
    ]);
    expect((await get("restores/nobody")).status).toBe(404);
  });

  test.each([
    ["of one kind", "kind=restore&status=succeeded", 2],
    ["that came to one of two ends", "status=failed,succeeded", 3],
    ["that have not ended", "status=running,pending", 0],
    ["since a day that has not come", "since=2999-01-01", 0],
  ])("is found among the runs %s", async (_, query, count) => {
    expect((await get(`runs?${query}`)).body).toMatchObject({ count });
  });

  test.each([
    ["kind=cake", "kind: "],
    ["status=failed,eaten", "status.1: "],
    ["since=yesterday", "since: must be a day (UTC) or a time"],
    ["since=2031-02-30", "since: must be a day (UTC) or a time"],
  ])("is not found by %s, which is refused", async (query, message) => {
    const { status, body } = await get(`runs?${query}`);
    expect({ status, code: body.error?.code }).toEqual({ status: 400, code: "INVALID_REQUEST" });
    expect(body.error?.message).toContain(message);
  });
});

describe("a capture that failed and was to be kept for resuming", () => {
  test("continues from the stage that failed, and creates nothing twice", { timeout: 120_000 }, async () => {
    await local.steer({
      match: { operation: "versions/put", times: 1 },
      act: { lroFail: { code: "InternalError", message: "The replication service gave up." } },
    });
    const failed = await capture("broke", "again", { onFailure: "keep-for-resume" });
    expect(failed).toMatchObject({ status: "failed", error: { stage: "register" } });
    expect(failed.leftovers.length).toBeGreaterThan(0);

    const { status, body } = await post("captures/broke/resume");
    expect(status).toBe(202);
    resumedId = body.id;
    const resumed = await local.ended("capture", body.id);
    expect(resumed.error).toBeUndefined();
    expect(resumed).toMatchObject({ status: "succeeded", leftovers: [] });
    expect(await creates(/\/disks\/vmi-broke/)).toHaveLength(3);
    expect(await creates(/\/virtualMachines\/vmi-broke-work$/)).toHaveLength(1);
    expect(await creates(/\/restorePoints\//)).toHaveLength(new Set(await creates(/\/restorePoints\//)).size);
  });

  test("is resumed once: asked twice it is the same run, asked under another name it is refused", async () => {
    const { status, body } = await post("captures/broke/resume");
    expect({ status, id: body.id }).toEqual({ status: 202, id: resumedId });
    await refuses([["captures/broke/resume", { requestId: "other" }, 409, "RUN_NOT_RESUMABLE"]]);
    expect((await get("captures/other")).status).toBe(404);
  });

  test("cannot be resumed if there is nothing to resume", async () => {
    await refuses([
      ["captures/nobody/resume", {}, 404, "RUN_NOT_FOUND"],
      ["captures/in-place/resume", {}, 409, "RUN_NOT_RESUMABLE"],
      ["captures/broke/resume", { requestId: "in-place" }, 400, "INVALID_REQUEST"],
      ["captures/broke/resume", { requestId: "a b" }, 400, "INVALID_REQUEST"],
      ["captures/broke/resume", { force: true }, 400, "INVALID_REQUEST"],
      ["captures/broke/resume", "now", 400, "INVALID_REQUEST"],
    ]);
  });

  test("can also be restored by the id of the run that resumed it", async () => {
    const { status, body } = await post(`captures/${resumedId}/restore`);
    expect(status).toBe(202);
    expect(await local.ended("restore", body.id)).toMatchObject({ status: "succeeded" });
  });

  test("has its leftovers looked for wherever its request pointed", async () => {
    const { body } = await get("leftovers");
    const { resources, unread } = body as unknown as { resources: { run: string }[]; unread: unknown[] };
    expect(unread).toEqual([]);
    expect(resources.map(({ run }) => run)).toContain("broke");
  });

  test("a request that was refused unread has nothing to resume or to restore", async () => {
    await local.send("unread", { sourceVmId: "web", surprise: true });
    expect(await local.ended("capture", "unread")).toMatchObject({ status: "refused" });
    await refuses([
      ["captures/unread/resume", {}, 409, "RUN_NOT_RESUMABLE"],
      ["captures/unread/restore", {}, 409, "NOTHING_TO_RESTORE"],
    ]);
  });
});

describe("a capture that was terminated through Durable while it held its VM", () => {
  test("blocks nobody: the next capture of that VM gets its turn", { timeout: 120_000 }, async () => {
    const request = {
      sourceVmId: vmId(local.subscriptionId, "again"),
      target: { kind: "gallery", definitionId: definitionId(local.subscriptionId, windowsDefinition) },
    };
    await local.steer({ match: { operation: "restorePoints/put", times: 1 }, act: { hang: true } });
    await local.send("holder", request);
    /** No clock is moved: nothing that a run waits for may come. */
    const hasItsTurn = (id: string) =>
      vi.waitFor(
        async () => {
          const { stages = [] } = (await get(`captures/${id}`)).body as unknown as Partial<RunDocument>;
          expect(stages.find(({ name }) => name === "backup")?.state).toBe("running");
        },
        { timeout: 30_000 },
      );
    await hasItsTurn("holder");
    const ended = await fetch(
      `${local.hostUrl}/runtime/webhooks/durabletask/instances/capture-holder/terminate?reason=by+hand`,
      { method: "POST" },
    );
    expect(ended.status).toBe(202);
    expect(await local.ended("capture", "holder")).toMatchObject({ status: "cancelled" });

    await local.send("heir", { ...request, whenBusy: "refuse" });
    await hasItsTurn("heir");
  });
});
