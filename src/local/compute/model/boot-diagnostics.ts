/** Boot diagnostics: the text of the serial console, behind a signed URL. There is no screen, and nothing behind its URL. */
import { createHmac } from "node:crypto";
import type { Guest } from "../guests/guest.js";
import { guestOf } from "./instance-view.js";
import { VM } from "./vm-state.js";
import { all, type Call, found, must, type Outcome, type World } from "./world.js";

const vmIdOf = (properties: Readonly<Record<string, unknown>>): string => String(properties["vmId"]);

/** Stands for a signature: nobody's key, and enough to tell a URL that was handed out from one that was guessed. */
const signatureOf = (vmId: string): string =>
  createHmac("sha256", "boot diagnostics").update(vmId).digest("base64url");

export function bootDiagnostics(call: Call): Outcome {
  const vmId = vmIdOf(must(call.world, VM, call.id).body.properties);
  const base = `${call.world.endpoint()}/bootdiagnostics/${vmId}`;
  const signed = `?sp=r&sig=${signatureOf(vmId)}`;
  return found({
    consoleScreenshotBlobUri: `${base}/screenshot.bmp${signed}`,
    serialConsoleLogBlobUri: `${base}/serialconsole.log${signed}`,
  });
}

/** Undefined where there is no such VM, or the signature is not its own. */
export function consoleLog(world: World, vmId: string, signature: string | null): string | undefined {
  const vm = [...all(world, VM)].find(({ body }) => vmIdOf(body.properties) === vmId);
  if (vm === undefined || signature !== signatureOf(vmId)) return undefined;
  const guest = guestOf(world, vm);
  return guest === undefined ? "" : guest.consoleLog || shownBy(guest);
}

const shownBy = (guest: Guest): string =>
  guest.os === "Windows"
    ? "Computer is booting, SAC started and initialized.\r\nSAC>\r\n"
    : [
        `[    0.000000] Linux version ${guest.facts.kernel}`,
        "[    3.117204] hv_netvsc: registered",
        guest.agentResponds ? "cloud-init: finished" : "waagent: cannot start",
        `${guest.computerName} login: `,
        "",
      ].join("\n");
