/** HTTP as the app and its callers see it: routes, conversion, keys, and the durable client. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseRoute } from "../../../src/local/functions-host/http/route-template.js";
import { type Fixture, startFixture, type Status } from "./fixture.js";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture("fixture-app");
});
afterAll(() => fixture.stop());

const call = (path: string, init?: RequestInit) => fetch(`${fixture.host.url}${path}`, init);

describe("an HTTP function", () => {
  it("gets route, query, headers and body, and answers with headers, cookies and JSON", async () => {
    const answer = await call("/api/hello/Bob?x=1&x=2", {
      method: "POST",
      body: "hi",
      headers: { "X-One": "1" },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-two")).toBe("2");
    expect(answer.headers.get("set-cookie")).toBe("c=v; Path=/; HttpOnly");
    expect(await answer.json()).toEqual({ name: "Bob", query: { x: "1,2" }, body: "hi", header: "1" });
  });

  it.each([
    ["/api/nothing", "GET", 204, "the handler returned nothing"],
    ["/api/broken", "GET", 500, "the handler threw"],
    ["/api/hello/3", "GET", 404, "the constraint :alpha does not hold"],
    ["/api/start/chain", "GET", 404, "a wrong method is 404 in the real host, not 405"],
    ["/api/absent", "GET", 404, "no such route"],
    ["/API/NOTHING", "GET", 204, "routes do not know case"],
    ["/nothing", "GET", 404, "the prefix is missing"],
  ])("answers %s by %s with %d: %s", async (path, method, status) => {
    expect((await call(path, { method })).status).toBe(status);
  });

  it("says nothing of a handler's error to the caller", async () => {
    expect(await (await call("/api/broken")).text()).toBe("");
    expect(fixture.lines).toContainEqual(
      expect.objectContaining({ event: "function-failed", error: "handler broke" }),
    );
  });

  it.each([
    ["/api/optional/one", { a: "one", b: "seven" }, "a default fills in"],
    ["/api/optional/one/two", { a: "one", b: "two" }, "a given value wins"],
    ["/api/files/a/b%20c", { path: "a/b c" }, "a catch-all takes the slashes and is decoded"],
  ] as [string, object, string][])("reads the parameters of %s: %j (%s)", async (path, expected) => {
    expect(await (await call(path)).json()).toEqual(expected);
  });

  it("prefers the literal route to the catch-all", async () => {
    expect(await (await call("/api/files/readme")).text()).toBe("exact");
  });

  it("refuses a route that it cannot read, with its text", () => {
    expect(() => parseRoute("a/{b:regex(^x$)}")).toThrow('Route "a/{b:regex(^x$)}"');
  });
});

describe("the durable client", () => {
  const client = async (method: string, id: string, ...args: unknown[]) => {
    const answer = await call(`/api/client/${method}/${id}`, { method: "POST", body: JSON.stringify(args) });
    return (await answer.json()) as { result?: Status; error?: string };
  };

  it("starts, asks, raises, suspends, resumes, terminates and purges", async () => {
    await client("startNew", "approval", { instanceId: "by-client", input: { n: 1 } });
    await fixture.host.idle();
    expect((await client("getStatus", "by-client")).result).toMatchObject({
      runtimeStatus: "Running",
      input: { n: 1 },
    });
    await client("suspend", "by-client", "why");
    expect((await client("getStatus", "by-client")).result).toMatchObject({ runtimeStatus: "Suspended" });
    await client("resume", "by-client", "why");
    await client("raiseEvent", "by-client", "Approval", { yes: true });
    await fixture.host.idle();
    expect((await client("getStatus", "by-client")).result).toMatchObject({
      output: { approved: { yes: true } },
    });
    expect((await client("purgeInstanceHistory", "by-client")).result).toEqual({ instancesDeleted: 1 });
    expect((await client("terminate", "by-client", "gone")).error).toContain("No instance with ID");
  });

  it("gets undefined as the input of an orchestration that was started without one", async () => {
    await client("startNew", "chain", { instanceId: "no-input" });
    // The SDK sends an empty JSON string; so does the real host hand it on.
    expect(await fixture.finish("no-input")).toMatchObject({ input: "" });
  });

  it("follows the pages of a long list", async () => {
    for (let n = 0; n < 120; n++) await fixture.start("chain", null);
    await fixture.host.idle();
    const all = (await (await fetch(`${fixture.webhooks}/instances?top=1000`)).json()) as Status[];
    const { result: listed } = (await client("getStatusAll", "ignored")) as unknown as { result: Status[] };
    expect(listed.length).toBe(all.length);
    expect(listed.length).toBeGreaterThan(100);
  });
});

describe("keys", () => {
  let locked: Fixture;
  let keys: { master: string; function: string; durabletask: string };
  beforeAll(async () => {
    locked = await startFixture("fixture-app", { enforceKeys: true });
    keys = JSON.parse(await readFile(join(locked.stateDir, "keys.json"), "utf8")) as typeof keys;
  });
  afterAll(() => locked.stop());

  it.each([
    ["an anonymous function needs none", "/api/nothing", undefined, 204],
    ["a function key opens a function", "/api/hello/Bob", "function", 200],
    ["the master key opens a function", "/api/hello/Bob", "master", 200],
    ["a function stays shut without", "/api/hello/Bob", undefined, 401],
    ["a function key does not open an admin function", "/api/broken", "function", 401],
    ["the master key opens an admin function", "/api/broken", "master", 500],
    ["the webhooks want the system key", "/runtime/webhooks/durabletask/instances", "function", 401],
    ["the system key opens the webhooks", "/runtime/webhooks/durabletask/instances", "durabletask", 200],
  ] as const)("%s", async (_, path, key, status) => {
    const headers: Record<string, string> = key === undefined ? {} : { "x-functions-key": keys[key] };
    expect((await fetch(`${locked.host.url}${path}`, { headers })).status).toBe(status);
    if (key === undefined) return;
    expect((await fetch(`${locked.host.url}${path}?code=${keys[key]}`)).status).toBe(status);
  });

  it("appear in no log line", async () => {
    for (const key of Object.values(keys)) await fetch(`${locked.host.url}/api/hello/Bob?code=${key}`);
    const text = JSON.stringify(locked.lines.filter(({ path }) => path === "/api/hello/Bob"));
    expect(text).toContain('"status":200');
    for (const key of Object.values(keys)) expect(JSON.stringify(locked.lines)).not.toContain(key);
  });
});
