/** What goes into a guest: a script as it is, values as parameters, and the marker's URL where Azure never shows it again. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { armGuests } from "../../src/adapters/arm/guests.js";
import { guestCommandId } from "../../src/domain/names.js";
import { resourceName } from "../../src/domain/resource-id.js";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { WEB_SEED } from "../support/arm-web.js";

let cloud: Cloud;
beforeEach(async () => (cloud = await openCloud(WEB_SEED)));
afterEach(() => cloud.close());

const own = "#!/bin/sh\r\necho \"$runId\" '${removeUsers}' `id` $(id) {{runId}} %s \\n\n";
const ours = "# guest-contract: seal/1\nexit 0\n";
const scripts = { preflight: ours, seal: ours, "seal-log": ours, audit: ours };
const HOSTILE = ["a; reboot", "$(reboot)", "`reboot`", "'\"", "x\ny", "%PATH%", "$env:PATH"];

test.each([
  ["our script", undefined, ours],
  ["a script of somebody's own", own, own],
])("%s arrives to the letter, whatever the values are", async (_what, script, sent) => {
  const vmId = cloud.id("virtualMachines", "web");
  const started = await armGuests(cloud.cloud, { Linux: scripts, Windows: scripts }).seal({
    runId: "run-1",
    vmId,
    inPlace: false,
    location: "westeurope",
    osType: "Linux",
    guest: { script, removeUsers: HOSTILE, keepUsers: ["$(id)"], allowedRemedies: [] },
    tags: { "vmimage-run": "run-1" },
    limitMinutes: 15,
    markerUrl: "http://127.0.0.1:9/runs/run-1/seal-marker.json?sig=c2VjcmV0",
  });
  expect(started).toEqual({ status: "done", value: null });
  const name = resourceName(guestCommandId(vmId, "seal", "run-1"));
  const command = await cloud.client.virtualMachineRunCommands.getByVirtualMachine("rg", "web", name);
  expect(command.source).toEqual({ script: sent });
  expect(command.parameters).toEqual([
    { name: "runId", value: "run-1" },
    { name: "allowedRemedies", value: "" },
    { name: "removeUsers", value: HOSTILE.join(",") },
    { name: "keepUsers", value: "$(id)" },
    { name: "unregister", value: "false" },
  ]);
  expect(JSON.stringify(command)).not.toContain("c2VjcmV0");
});
