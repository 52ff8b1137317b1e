/** The contract between host and SDK: what an app sees of its orchestrations (functions-host.md 2.5 to 2.9). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Fixture, startFixture } from "./fixture.js";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture("fixture-app");
});
afterAll(() => fixture.stop());

describe("an orchestration", () => {
  it("hands the result of one activity to the next, whatever its type", async () => {
    expect(await fixture.run("chain", null)).toMatchObject({
      runtimeStatus: "Completed",
      output: [{ first: "a" }, 3],
    });
  });

  it("runs five hundred activities side by side and keeps their order", async () => {
    const { output } = await fixture.run("fanOut", 500);
    expect(output).toEqual(Array.from({ length: 500 }, (_, n) => ({ n })));
  });

  it("fails with the orchestrator's own error", async () => {
    expect(await fixture.run("failing", null)).toMatchObject({
      runtimeStatus: "Failed",
      output: "Orchestrator function 'failing' failed: this never works",
    });
  });

  it("catches the failure of a child as an error with the child's reason", async () => {
    const { output } = await fixture.run("parent", {});
    expect(output).toEqual({
      result: [{ first: "a" }, 3],
      caught: "Orchestrator function 'failing' failed: this never works \n ",
    });
  });

  it("shows history with each completion merged into what it completes", async () => {
    const { instanceId } = await fixture.run("chain", 7);
    const { historyEvents } = await fixture.status(instanceId, "?showHistory=true&showHistoryOutput=true");
    expect(
      historyEvents?.map(({ EventType, FunctionName, Result }) => [EventType, FunctionName, Result]),
    ).toEqual([
      ["ExecutionStarted", "chain", undefined],
      ["TaskCompleted", "echo", "a"],
      ["TaskCompleted", "echo", { first: "a" }],
      ["TaskCompleted", "echo", 3],
      ["ExecutionCompleted", undefined, [{ first: "a" }, 3]],
    ]);
  });
});

describe("a retried task", () => {
  it.each([
    ["never fails", 0, 4, 0],
    ["fails twice and waits 60 s, then 120 s", 2, 4, 180],
    ["succeeds at its last attempt", 3, 4, 60 + 120 + 240],
  ])("succeeds when it %s", async (_, times, max, seconds) => {
    const beganMs = fixture.clock.now();
    const status = await fixture.run("retrying", { key: `s${times}-${max}`, times, max });
    expect(status).toMatchObject({ runtimeStatus: "Completed", output: { attempt: times + 1 } });
    expect(fixture.clock.now() - beganMs).toBe(seconds * 1000);
  });

  it("throws after its last attempt, without another wait", async () => {
    const beganMs = fixture.clock.now();
    const status = await fixture.run("retrying", { key: "hopeless", times: 99, max: 3 });
    expect(status.runtimeStatus).toBe("Failed");
    expect(status.output).toContain("planned failure 3 of hopeless");
    expect(fixture.clock.now() - beganMs).toBe(180_000);
  });

  it("is a child orchestration that is started anew for each attempt", async () => {
    const status = await fixture.run("retriedChild", { key: "child", times: 2 });
    expect(status).toMatchObject({ runtimeStatus: "Completed", output: { key: "child", attempt: 3 } });
  });
});

describe("timers and events", () => {
  it("lets an event win against a timer, which is cancelled and holds nothing open", async () => {
    const id = await fixture.start("approval", null);
    await fixture.host.idle();
    expect(await fixture.status(id)).toMatchObject({
      runtimeStatus: "Running",
      customStatus: { waiting: true },
    });
    expect((await fixture.post(`instances/${id}/raiseEvent/Approval`, { by: "someone" })).status).toBe(202);
    await fixture.host.idle();
    expect(await fixture.status(id)).toMatchObject({ output: { approved: { by: "someone" } } });
  });

  it("lets the timer win when its six hours are over", async () => {
    const beganMs = fixture.clock.now();
    expect(await fixture.run("approval", null)).toMatchObject({ output: "too late" });
    expect(fixture.clock.now() - beganMs).toBe(6 * 3600_000);
  });

  it("keeps an event that comes before anyone waits for it", async () => {
    const id = await fixture.start("countdown", { left: 1, seen: [] });
    await fixture.post(`instances/${id}/raiseEvent/tick`, "early");
    expect(await fixture.finish(id)).toMatchObject({ output: ["early"] });
  });

  it("gives the first of two events to the younger of two waits for one name", async () => {
    const id = await fixture.start("twoWaits", null);
    await fixture.host.idle();
    for (const value of [1, 2]) await fixture.post(`instances/${id}/raiseEvent/same`, value);
    expect(await fixture.finish(id)).toMatchObject({ output: { newerFirst: true, values: [1, 2] } });
  });

  it("stays Running until a timer that nobody cancelled has fired", async () => {
    const id = await fixture.start("leavesTimerOpen", null);
    await fixture.host.idle();
    expect(await fixture.status(id)).toMatchObject({ runtimeStatus: "Running" });
    const beganMs = fixture.clock.now();
    expect(await fixture.finish(id)).toMatchObject({ runtimeStatus: "Completed", output: "early" });
    expect(fixture.clock.now() - beganMs).toBe(3600_000);
  });
});

describe("continue as new", () => {
  it("loses no event that is raised while it turns over", async () => {
    const id = await fixture.start("countdown", { left: 50, seen: [] });
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => fixture.post(`instances/${id}/raiseEvent/tick`, n)),
    );
    const { output } = await fixture.finish(id);
    expect([...(output as number[])].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  it("hands on a bare string quoted once more, as the real host does", async () => {
    expect(await fixture.run("again", "first")).toMatchObject({ output: '"second"' });
  });

  it("keeps a history of the last execution alone", async () => {
    const { instanceId } = await fixture.run("again", "first");
    const { historyEvents = [] } = await fixture.status(instanceId, "?showHistory=true");
    expect(historyEvents.map(({ EventType }) => EventType)).toEqual([
      "ExecutionStarted",
      "ExecutionCompleted",
    ]);
  });
});

describe("from outside", () => {
  it("holds events back while suspended and delivers them on resume", async () => {
    const id = await fixture.start("approval", null);
    await fixture.host.idle();
    expect((await fixture.post(`instances/${id}/suspend?reason=wait`)).status).toBe(202);
    await fixture.post(`instances/${id}/raiseEvent/Approval`, 1);
    await fixture.host.idle();
    expect(await fixture.status(id)).toMatchObject({ runtimeStatus: "Suspended" });
    expect((await fixture.post(`instances/${id}/suspend?reason=twice`)).status).toBe(500);
    expect((await fixture.post(`instances/${id}/resume?reason=go`)).status).toBe(202);
    expect(await fixture.finish(id)).toMatchObject({ output: { approved: 1 } });
  });

  it("ends a terminated instance at once, with the reason as its output", async () => {
    const id = await fixture.start("approval", null);
    await fixture.host.idle();
    expect((await fixture.post(`instances/${id}/terminate?reason=enough`)).status).toBe(202);
    expect(await fixture.status(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    expect((await fixture.post(`instances/${id}/terminate?reason=again`)).status).toBe(410);
    expect((await fixture.post(`instances/${id}/raiseEvent/Approval`, 1)).status).toBe(410);
  });

  it("goes on after a restart where it was, with its timer and its buffered event", async () => {
    const timed = await fixture.start("approval", null);
    const suspended = await fixture.start("approval", null);
    await fixture.host.idle();
    await fixture.post(`instances/${suspended}/suspend?reason=wait`);
    await fixture.post(`instances/${suspended}/raiseEvent/Approval`, "kept");
    await fixture.restart();
    expect(await fixture.status(suspended)).toMatchObject({ runtimeStatus: "Suspended" });
    await fixture.post(`instances/${suspended}/resume?reason=go`);
    expect(await fixture.finish(suspended)).toMatchObject({ output: { approved: "kept" } });
    expect(await fixture.finish(timed)).toMatchObject({ output: "too late" });
  });
});
