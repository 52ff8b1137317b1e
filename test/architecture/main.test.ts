/** The app as a host loads it: settings in, functions registered. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { bindings } from "../support/functions-core.js";

const REQUIRED = [
  "DropStorage",
  "DROP_STORAGE_ACCOUNT_ID",
  "ServiceBus",
  "CAPTURE_QUEUE",
  "IMPORT_LOCATION",
  "IMPORT_TARGET_ID",
];
const sample = JSON.parse(
  readFileSync(new URL("../../local.settings.sample.json", import.meta.url), "utf8"),
) as { Values: Record<string, string> };

beforeAll(async () => {
  for (const name of Object.keys(sample.Values))
    vi.stubEnv(name, REQUIRED.includes(name) ? sample.Values[name] : undefined);
  await import("../../src/main.js");
});
afterAll(() => void vi.unstubAllEnvs());

test("an app with the required settings alone leaves no setting's name for its host to look up", () => {
  const triggers = ["captureRequests", "dropArrived", "sweepDrops", "janitor"].map((name) =>
    JSON.stringify(bindings.get(name)),
  );
  expect(triggers).toEqual([
    expect.stringContaining(`"queueName":"${sample.Values["CAPTURE_QUEUE"] ?? ""}"`),
    expect.stringContaining('"path":"drop/{name}"'),
    expect.stringContaining('"schedule":"0 */10 * * * *"'),
    expect.stringContaining('"schedule":"0 15 * * * *"'),
  ]);
});

test("every kind of run can be looked at and cancelled, and a capture gone on with or taken back", () => {
  const routes = [...bindings.values()]
    .flatMap((all) => Object.values(all))
    .flatMap((binding) => ("route" in binding ? [binding.route] : []));
  expect(routes.sort()).toEqual([
    "captures",
    "captures/{id}",
    "captures/{id}/cancel",
    "captures/{id}/restore",
    "captures/{id}/resume",
    "dashboard",
    "imports/inspect",
    "imports/{id}",
    "imports/{id}/cancel",
    "leftovers",
    "restores/{id}",
    "restores/{id}/cancel",
    "runs",
  ]);
});
