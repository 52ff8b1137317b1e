/** The public management API of instances, as functions-host.md 3.3 and the real extension's handler have it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Fixture, startFixture, type Status } from "./fixture.js";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture("fixture-app");
});
afterAll(() => fixture.stop());

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
    const answer = await fetch(`${fixture.host.url}/api/start/chain`, { method: "POST", body: "1" });
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
    ["GET", "orchestrators/chain", 404, "a start is a POST"],
    ["POST", "orchestrators/chain/a/b", 404, "no such path"],
    ["POST", "orchestrators/chain/@entity", 400, "ids of entities"],
    ["POST", `orchestrators/chain/${"x".repeat(257)}`, 400, "too long an id"],
    ["GET", "instances/absent", 404, "unknown instance"],
    ["DELETE", "instances/absent", 404, "unknown instance"],
    ["DELETE", "instances", 400, "a purge needs createdTimeFrom"],
    ["DELETE", "instances?createdTimeFrom=soon", 400, "what is no time does not purge everything"],
    ["PUT", "instances/absent", 404, "no such method"],
    ["POST", "instances", 404, "no such method"],
    ["GET", "instances/absent/terminate", 404, "commands are POSTs"],
    ["POST", "instances/absent/raiseEvent/x", 404, "unknown instance, whatever the body"],
    ["POST", "instances/absent/raiseEvent", 404, "an event without a name"],
    ["POST", "instances/absent/terminate", 404, "unknown instance"],
    ["POST", "instances/absent/suspend", 404, "unknown instance"],
    ["POST", "instances/absent/resume", 404, "unknown instance"],
    ["POST", "instances/absent/rewind?reason=x", 404, "unknown instance"],
    ["POST", "instances/absent/restart", 400, "unknown instance: here the real one says 400"],
    ["POST", "instances/absent/explode", 404, "no such command"],
    ["GET", "instances/%E0%A4%A", 400, "an escape that is no UTF-8"],
    ["GET", "entities/counter/k", 501, "refused by name"],
  ])("answers %s %s with %d: %s", async (method, path, status) => {
    const headers = { "content-type": "application/json" };
    expect((await fetch(`${fixture.webhooks}/${path}`, { method, headers })).status).toBe(status);
  });

  it("answers an event that it cannot take with 400, and says why", async () => {
    await fixture.start("approval", null, "picky");
    const raise = async (body: string, type: string, name = "Approval") => {
      const url = `${fixture.webhooks}/instances/picky/raiseEvent/${name}`;
      const answer = await fetch(url, { method: "POST", body, headers: { "content-type": type } });
      return [answer.status, ((await answer.json()) as { Message: string }).Message];
    };
    expect(await raise("{", "application/json")).toEqual([400, "Invalid JSON content"]);
    expect(await raise("", "application/json")).toEqual([400, "Invalid JSON content"]);
    expect(await raise("1", "text/plain")).toEqual([
      400,
      "Only application/json request content is supported",
    ]);
    expect((await raise("1", "application/json", "0"))[1]).toContain("would complete task 0");
  });

  it("waits for the end when a start gives a timeout and a polling interval, and answers with the output", async () => {
    const started = fixture.post("orchestrators/approval/waited?timeout=60&pollingInterval=1", null);
    while ((await fetch(`${fixture.webhooks}/instances/waited`)).status === 404);
    await fixture.post("instances/waited/raiseEvent/Approval", "yes");
    while ((await fixture.status("waited")).runtimeStatus !== "Completed");
    fixture.clock.advance(1000);
    const answer = await started;
    expect([answer.status, await answer.json()]).toEqual([200, { approved: "yes" }]);
  });

  it.each([
    ["timeout=1&pollingInterval=0.5", 202, "the time is over: a start like any other"],
    ["timeout=1&pollingInterval=2", 400, "it would never look"],
    ["timeout=1", 202, "one of the two does nothing"],
  ])("answers a start with %s with %d: %s", async (query, status) => {
    let answered: Response | undefined;
    void fixture.post(`orchestrators/approval?${query}`, null).then((response) => (answered = response));
    while (answered === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      fixture.clock.advance(100);
    }
    expect(answered.status).toBe(status);
  });

  it("starts an instance again with its input, under a new id or its own", async () => {
    const { instanceId } = await fixture.run("chain", 7);
    const again = (await (await fixture.post(`instances/${instanceId}/restart`)).json()) as { id: string };
    expect(again.id).not.toBe(instanceId);
    expect(await fixture.finish(again.id)).toMatchObject({ name: "chain", input: 7 });
    const own = await fixture.post(`instances/${instanceId}/restart?restartWithNewInstanceId=false`);
    expect([own.status, ((await own.json()) as { id: string }).id]).toEqual([202, instanceId]);
    expect(await fixture.finish(instanceId)).toMatchObject({ runtimeStatus: "Completed", input: 7 });
    const running = await fixture.start("approval", null);
    const refused = await fixture.post(`instances/${running}/restart?restartWithNewInstanceId=false`);
    expect(refused.status).toBe(409);
  });

  it.each([
    ["chain", true, 410],
    ["approval", false, 412],
    ["failing", true, 501],
  ])("answers a rewind of %s, ended: %s, with %d", async (name, ends, status) => {
    const id = await fixture.start(name, null);
    if (ends) await fixture.finish(id);
    expect((await fixture.post(`instances/${id}/rewind?reason=x`)).status).toBe(status);
  });

  it("does not purge a running instance", async () => {
    const id = await fixture.start("approval", null);
    const purge = await fetch(`${fixture.webhooks}/instances/${id}`, { method: "DELETE" });
    expect([purge.status, await purge.json()]).toEqual([200, { instancesDeleted: 0 }]);
    expect((await fixture.status(id)).runtimeStatus).not.toBe("");
  });

  it("shows input, history and outputs only as asked", async () => {
    const { instanceId } = await fixture.run("chain", 7);
    expect(await fixture.status(instanceId, "?showInput=false")).toMatchObject({ input: null });
    expect(await fixture.status(instanceId)).not.toHaveProperty("historyEvents");
    const bare = await fixture.status(instanceId, "?showHistory=TRUE&showInput=false");
    expect(JSON.stringify(bare.historyEvents)).not.toMatch(/"(Input|Result)":/);
    const full = await fixture.status(instanceId, "?showHistory=true&showHistoryOutput=true");
    expect(JSON.stringify(full.historyEvents)).toMatch(/"Input":7.*"Result":/);
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
    expect((await list("runtimeStatus=Running,Failed")).ids).toEqual(["page-6"]);
    expect(
      (await list("runtimeStatus=failed,nonsense")).ids,
      "what is no status, to the letter, is no filter",
    ).toEqual(ids);
    expect((await list("top=nonsense")).ids).toEqual(ids);
    expect((await list("createdTimeTo=2000-01-01T00:00:00Z")).ids).toEqual([]);
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
