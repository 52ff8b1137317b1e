/**
 * The simulator's answers against the real service's. recorded-facts.ts states for each operation what public recordings
 * show; where the recordings themselves are at hand, the facts are checked against them too, so that they cannot drift.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Fact, OUTDATED, recordedFacts, REFUSED } from "./recorded-facts.js";
import { type Bench, GROUP, startBench, WEST } from "./support.js";

const REFERENCE = path.resolve("../shared/reference/arm/operations");
const API = "?api-version=2024-07-01";

let bench: Bench;
let facts: readonly Fact[];
let base: string;
beforeAll(async () => {
  bench = await startBench();
  base = `/subscriptions/${bench.simulator.subscriptionId}/resourceGroups/${GROUP}/providers/Microsoft.Compute`;
  facts = recordedFacts(
    (rest) => `${base}/${rest}`,
    bench.networkId("virtualNetworks", "vnet/subnets/default"),
  );
});
afterAll(() => bench.stop());

const pathOf = (url: string | null): string => {
  const { pathname, search } = new URL(url ?? "");
  return pathname + search;
};

/** Every member of a body that holds no other member: `properties.targetRegions[].name`. */
function members(value: unknown, at = ""): string[] {
  if (Array.isArray(value) && value.length > 0) return value.flatMap((one) => members(one, `${at}[]`));
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return [at];
  return Object.entries(value).flatMap(([name, one]) => members(one, at === "" ? name : `${at}.${name}`));
}

async function answered(fact: Fact): Promise<void> {
  const what = `${fact.method} ${fact.path}`;
  for (const [method, before, body] of fact.before ?? []) {
    const { status } = await bench.call(method, before + API, body);
    expect(status, `${method} ${before}`).toBeLessThan(300);
    await bench.pass(100);
  }
  const started = await bench.call(fact.method, fact.path + API, fact.body);
  expect(started.status, `${what}: ${JSON.stringify(started.body)}`).toBe(fact.status);
  const [url, location] = ["azure-asyncoperation", "location"].map((name) => started.headers.get(name));
  const group = fact.family === "operationresults";
  if (group) expect(url, what).toBeNull();
  else expect(url, what).toContain(`/providers/Microsoft.Compute/locations/${WEST}/${fact.family}/`);
  expect(typeof location, what).toBe(fact.status === 202 ? "string" : "object");
  expect(started.headers.get("retry-after"), what).toBe(fact.retryAfter ?? null);
  checkCommon(fact, started.headers);
  const { provisioningState } = (started.body as Echo | undefined)?.properties ?? {};
  expect(provisioningState, what).toBe(fact.echo);
  expect(members(started.body), what).toEqual(expect.arrayContaining([...(fact.adds ?? [])]));
  expect(JSON.stringify(started.body ?? null)).not.toContain("never shown");
  if (group) await pollGroup(location ?? null);
  else await poll(fact, url ?? null, location ?? null);
}

interface Echo {
  readonly properties?: { readonly provisioningState?: string };
}

function checkCommon({ method, path: resource, bucket, echo }: Fact, headers: Headers): void {
  for (const header of ["x-ms-request-id", "x-ms-correlation-request-id", "x-ms-routing-request-id"])
    expect(headers.get(header), header).not.toBeNull();
  const kind = method === "DELETE" ? "deletes" : "writes";
  expect(headers.get(`x-ms-ratelimit-remaining-subscription-${kind}`), resource).toMatch(/^\d+$/);
  if (bucket !== undefined)
    expect(headers.get("x-ms-ratelimit-remaining-resource"), resource).toMatch(
      new RegExp(`^Microsoft\\.Compute/${bucket}\\w*;\\d+(,Microsoft\\.Compute/\\w+;\\d+)*$`),
    );
  if (echo === undefined) expect(headers.get("content-length")).toBe("0");
  else expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
}

async function poll(fact: Fact, url: string | null, location: string | null): Promise<void> {
  const what = `${fact.method} ${fact.path}`;
  const running = await bench.call("GET", pathOf(url));
  expect([running.status, Object.keys(running.body as object)], what).toEqual([
    200,
    ["startTime", "status", "name"],
  ]);
  if (location !== null) {
    const early = await bench.call("GET", pathOf(location));
    expect([early.status, early.body, early.headers.has("location")], what).toEqual([202, undefined, true]);
  }
  await bench.pass(700);
  const done = await bench.call("GET", pathOf(url));
  const output = fact.output === true ? ["properties"] : [];
  expect(Object.keys(done.body as object), what).toEqual([
    ...["startTime", "endTime", "status", ...output, "name"],
  ]);
  expect(done.body, what).toMatchObject({
    status: "Succeeded",
    startTime: expect.stringMatching(/^\d{4}-.*\.\d{7}\+00:00$/) as string,
  });
  if (location === null) return;
  const late = await bench.call("GET", pathOf(location));
  expect([late.status, late.body !== undefined], what).toEqual([200, fact.output === true]);
}

/** A group's deletion has no status body: 202 and empty until it is 200 and empty. */
async function pollGroup(location: string | null): Promise<void> {
  const early = await bench.call("GET", pathOf(location));
  expect([early.status, early.body, early.headers.get("retry-after")]).toEqual([202, undefined, "15"]);
  expect(early.headers.has("location")).toBe(true);
  await bench.pass(700);
  const late = await bench.call("GET", pathOf(location));
  expect([late.status, late.body]).toEqual([200, undefined]);
}

describe("every operation", () => {
  it("is answered as recorded: status, status URLs, headers, echo, poll bodies, result", async () => {
    for (const fact of facts) await answered(fact);
  });

  it("that is recorded and has no place here is refused by name", async () => {
    for (const [method, rest] of Object.values(REFUSED)) {
      const { status, body } = await bench.call(method, `${base}/${rest}${API}`, {});
      expect([status, JSON.stringify(body)], rest).toEqual([501, expect.stringContaining("NotSimulated")]);
    }
  });
});

describe.runIf(existsSync(REFERENCE))("the recordings", () => {
  const names = (existsSync(REFERENCE) ? readdirSync(REFERENCE) : [])
    .filter((name) => name !== "_manifest.json")
    .map((name) => name.replace(/\.json$/, ""));

  it("are all accounted for, each by facts or by a reason, and no fact is without one", () => {
    const stated = [...new Set([...facts.map(({ file }) => file), ...Object.keys(REFUSED)])];
    expect(stated.sort()).toEqual(names.sort());
  });

  it.each(names.filter((name) => !(name in REFUSED)))("of %s show what its facts say", (name) => {
    const recorded = JSON.parse(readFileSync(path.join(REFERENCE, `${name}.json`), "utf8")) as Recorded[];
    const current = recorded.filter(({ initial }) => !(`${name} ${initial.status}` in OUTDATED));
    const own = facts.filter(({ file }) => file === name);
    expect(new Set(current.map(({ initial }) => initial.status))).toEqual(
      new Set(own.map(({ status }) => status)),
    );
    for (const { initial, polls } of current) {
      const fact = own.find(({ status }) => status === initial.status);
      const { headers, responseBody } = initial;
      if (fact?.family === "operationresults") expect(headers.location).toContain("/operationresults/");
      else expect(headers["azure-asyncoperation"]).toContain(`/${fact?.family ?? ""}/`);
      expect("location" in headers).toBe(initial.status === 202);
      expect(responseBody?.properties?.provisioningState).toBe(fact?.echo);
      // Some recorders leave Retry-After out, others write 0 in its place.
      if (Number(headers["retry-after"] ?? 0) > 0) expect(headers["retry-after"]).toBe(fact?.retryAfter);
      for (const { body } of polls.filter(({ bodyStatus }) => bodyStatus === "Succeeded"))
        expect(Object.keys(body).includes("properties")).toBe(fact?.output ?? false);
    }
    for (const { status, adds = [] } of own) {
      const echoes = current.filter(({ initial }) => initial.status === status);
      const shown = echoes.flatMap(({ initial }) => members(initial.responseBody));
      expect(shown, String(status)).toEqual(expect.arrayContaining([...adds]));
    }
  });
});

interface Recorded {
  readonly initial: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly responseBody: Echo | null;
  };
  readonly polls: readonly { readonly bodyStatus: string; readonly body: object }[];
}
