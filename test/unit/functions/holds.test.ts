/** Whether the holder of a VM is still at work, from what Durable says of its instance. */
import type { DurableOrchestrationStatus } from "durable-functions";
import { describe, expect, test } from "vitest";
import { isOpen } from "../../../src/functions/holds.js";

const client = (instances: Readonly<Record<string, string>>) => ({
  getStatus(instanceId: string): Promise<DurableOrchestrationStatus> {
    const runtimeStatus = instances[instanceId];
    if (runtimeStatus === undefined) return Promise.reject(new Error("HTTP 404 Not Found"));
    return Promise.resolve({ instanceId, runtimeStatus } as never);
  },
});

describe("the holder of a VM", () => {
  const rows: readonly (readonly [
    why: string,
    instances: Record<string, string>,
    by: string,
    open: boolean,
  ])[] = [
    ["runs", { "capture-web": "Running" }, "web", true],
    ["has not begun", { "capture-web": "Pending" }, "web", true],
    ["is held up by hand", { "capture-web": "Suspended" }, "web", true],
    ["was terminated", { "capture-web": "Terminated" }, "web", false],
    ["broke", { "capture-web": "Failed" }, "web", false],
    ["came to its end", { "capture-web": "Completed" }, "web", false],
    ["was purged", {}, "web", false],
    ["is a restore", { "restore-web": "Running", "capture-web": "Completed" }, "restore-web", true],
    [
      "is a restore that ended, of a capture that runs",
      { "restore-web": "Failed", "capture-web": "Running" },
      "restore-web",
      false,
    ],
    [
      "is a capture that is called like a restore",
      { "capture-restore-web": "Running", "restore-web": "Failed" },
      "restore-web",
      true,
    ],
  ];
  test.each(rows)("%s", async (_, instances, heldBy, open) => {
    expect(await isOpen(client(instances), heldBy)).toBe(open);
  });

  test("of whom nothing can be learnt now is not given up", async () => {
    const down = { getStatus: () => Promise.reject(new Error("HTTP 500")) };
    await expect(isOpen(down, "web")).rejects.toThrow("500");
  });
});
