/** HTTP as the app and its callers see it: routes, conversion, keys, and the management API of instances. */
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

describe("the management API", () => {
  it("answers a start with 202, where to look and when to come back", async () => {
    const answer = await fixture.post("orchestrators/approval/started-1", { a: 1 });
    expect(answer.status).toBe(202);
    const urls = (await answer.json()) as Record<string, string>;
    expect(answer.headers.get("location")).toBe(urls.statusQueryGetUri);
    expect(answer.headers.get("retry-after")).toBe("10");
    expect(urls).toMatchObject({ id: "started-1" });
    expect(Object.keys(urls)).not.toContain("rewindPostUri");
    const status = await fetch(urls.statusQueryGetUri!);
    expect([status.status, status.headers.get("retry-after")]).toEqual([202, "5"]);
    expect(status.headers.get("location")).toContain("/instances/started-1");
    expect(await status.json()).toMatchObject({ input: { a: 1 }, output: null });
    expect((await fetch(urls.terminatePostUri!.replace("{text}", "enough"), { method: "POST" })).status).toBe(
      202,
    );
    expect((await fetch(urls.purgeHistoryDeleteUri!, { method: "DELETE" })).status).toBe(200);
    expect((await fetch(urls.statusQueryGetUri!)).status).toBe(404);
  });

  it("is what the durable client's check-status response points to", async () => {
    const answer = await call("/api/start/chain", { method: "POST", body: "1" });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([202, "10"]);
    const { id } = (await answer.json()) as { id: string };
    await fixture.finish(id);
    expect((await fetch(answer.headers.get("location")!)).status).toBe(200);
  });

  it("answers a failed instance with 500 only when asked to", async () => {
    const { instanceId } = await fixture.run("failing", null);
    const url = `${fixture.webhooks}/instances/${instanceId}`;
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(`${url}?returnInternalServerErrorOnFailure=true`)).status).toBe(500);
  });

  it.each([
    ["POST", "orchestrators/nobody", 400, "unknown orchestrator"],
    ["POST", "orchestrators/chain/@entity", 400, "ids of entities"],
    ["POST", `orchestrators/chain/${"x".repeat(257)}`, 400, "too long an id"],
    ["GET", "instances/absent", 404, "unknown instance"],
    ["DELETE", "instances/absent", 404, "unknown instance"],
    ["DELETE", "instances", 400, "a purge needs createdTimeFrom"],
    ["POST", "instances/absent/raiseEvent/x", 400, "an event needs a JSON body"],
    ["POST", "instances/absent/rewind?reason=x", 501, "refused by name"],
    ["GET", "entities/counter/k", 501, "refused by name"],
  ])("answers %s %s with %d: %s", async (method, path, status) => {
    const headers = { "content-type": "application/json" };
    expect((await fetch(`${fixture.webhooks}/${path}`, { method, headers })).status).toBe(status);
  });

  it("refuses a second start of a running id, and takes the id of a finished one", async () => {
    await fixture.start("approval", null, "twice");
    expect((await fixture.post("orchestrators/approval/twice", null)).status).toBe(409);
    await fixture.post("instances/twice/terminate?reason=x");
    expect(await fixture.start("chain", 1, "twice")).toBe("twice");
    expect(await fixture.finish("twice")).toMatchObject({ name: "chain", runtimeStatus: "Completed" });
  });

  it("lists instances in pages, by status, prefix and time", async () => {
    const ids = Array.from({ length: 7 }, (_, n) => `page-${n}`);
    for (const id of ids) await fixture.start(id === "page-6" ? "failing" : "chain", null, id);
    await fixture.host.idle();
    const list = async (query: string, token?: string) => {
      const headers = token === undefined ? {} : { "x-ms-continuation-token": token };
      const answer = await fetch(`${fixture.webhooks}/instances?instanceIdPrefix=page-&${query}`, {
        headers,
      });
      const found = (await answer.json()) as Status[];
      return {
        ids: found.map(({ instanceId }) => instanceId),
        token: answer.headers.get("x-ms-continuation-token"),
      };
    };
    const first = await list("top=3");
    const second = await list("top=3", first.token!);
    const third = await list("top=3", second.token!);
    expect([...first.ids, ...second.ids, ...third.ids]).toEqual(ids);
    expect(third.token).toBeNull();
    expect((await list("runtimeStatus=Failed")).ids).toEqual(["page-6"]);
    expect((await list("createdTimeFrom=2200-01-01T00:00:00Z")).ids).toEqual([]);
  });

  it("purges finished instances of a time span and leaves the running", async () => {
    await fixture.start("approval", null, "purge-running");
    await fixture.finish(await fixture.start("chain", null, "purge-finished"));
    const from = new Date(fixture.clock.now() - 3600_000).toISOString();
    const answer = await fetch(`${fixture.webhooks}/instances?createdTimeFrom=${from}`, { method: "DELETE" });
    expect(answer.status).toBe(200);
    expect((await fetch(`${fixture.webhooks}/instances/purge-finished`)).status).toBe(404);
    expect((await fetch(`${fixture.webhooks}/instances/purge-running`)).status).toBe(202);
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

  it("appear in no log line", () => {
    const text = JSON.stringify(locked.lines);
    for (const key of Object.values(keys)) expect(text).not.toContain(key);
  });
});
