/** `npm run bench -- NAME`: measures a hot path beside a named baseline in the same run, in one table. */
import { run as capture } from "./capture.js";
import { run as localCompute } from "./local-compute.js";
import { run as localEnvironment } from "./local-environment.js";
import { run as localHost } from "./local-host.js";
import { run as localServiceBus } from "./local-service-bus.js";
import { run as vhdHost } from "./vhd-host.js";
import { run as vhdMend } from "./vhd-mend.js";
import { run as vhdTransform } from "./vhd-transform.js";
import { run as vhdVerdict } from "./vhd-verdict.js";

/** Each part hands in rows, or prints what is no table. */
const BENCHES: Readonly<Record<string, readonly (() => Promise<unknown>)[]>> = {
  capture: [capture],
  local: [localHost, localServiceBus, localCompute, localEnvironment],
  vhd: [vhdVerdict, vhdTransform, vhdMend, vhdHost],
};

const [name = ""] = process.argv.slice(2);
const parts = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (parts === undefined) {
  console.error(`There is no bench "${name}". Known: ${Object.keys(BENCHES).join(", ")}.`);
  process.exit(64);
}
const rows: object[] = [];
for (const part of parts) {
  const made = await part();
  if (Array.isArray(made)) rows.push(...(made as object[]));
}
if (rows.length > 0) console.table(rows);
// Clients of the buses keep timers that would hold the process for minutes.
process.exit(0);
