/** `npm run bench -- NAME`: measures a hot path beside a named baseline in the same run. */
import { run as capture } from "./capture.js";
import { run as localCompute } from "./local-compute.js";
import { run as localHost } from "./local-host.js";
import { run as localServiceBus } from "./local-service-bus.js";
import { run as vhdMend } from "./vhd-mend.js";
import { run as vhdTransform } from "./vhd-transform.js";
import { run as vhdVerdict } from "./vhd-verdict.js";

const BENCHES: Readonly<Record<string, readonly (() => Promise<unknown>)[]>> = {
  capture: [capture],
  local: [localHost, localServiceBus, localCompute],
  vhd: [vhdVerdict, vhdTransform, vhdMend],
};

const [name = ""] = process.argv.slice(2);
const parts = BENCHES[name];
if (parts === undefined) {
  console.error(`There is no bench "${name}". Known: ${Object.keys(BENCHES).join(", ")}.`);
  process.exit(64);
}
for (const part of parts) {
  const rows = await part();
  if (Array.isArray(rows)) console.table(rows);
}
// Clients of the buses keep timers that would hold the process for minutes.
process.exit(0);
