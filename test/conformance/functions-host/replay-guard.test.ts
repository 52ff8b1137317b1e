/** What the real host would trip over later, this one refuses at once, by name. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Fixture, startFixture } from "./fixture.js";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture("fixture-app");
});
afterAll(() => fixture.stop());

describe("an orchestrator that drifts from its history", () => {
  it.each([
    [
      "name",
      "another activity at the same place",
      "history has callActivity(echo), the code now does callActivity(failTimes)",
    ],
    ["input", "another input", "callActivity(echo) now has another input"],
    ["kind", "a timer in place of an activity", "the code now does createTimer()"],
    ["fewer", "one step less", "now has another input"],
  ])("fails loudly on a changed %s: %s", async (how, _, message) => {
    const status = await fixture.run("drifting", { id: how, how });
    expect(status.runtimeStatus).toBe("Failed");
    expect(status.output).toContain("Non-deterministic orchestrator");
    expect(status.output).toContain(message);
  });

  it("leaves alone one that stays the same", async () => {
    expect(await fixture.run("drifting", { id: "same", how: "same" })).toMatchObject({
      runtimeStatus: "Completed",
    });
  });
});

describe("an orchestrator that does what the real host punishes", () => {
  it.each([
    ["task reused", "is used in a second Task.any or Task.all"],
    ["falsy status", "setCustomStatus(0)"],
    ["huge status", "refuses more than 16384"],
    ["numeric event", 'An event named "0" would complete task 0'],
    ["boolean input", "bare boolean"],
    ["entity", "does not support callEntity"],
    ["callHttp", "does not support callHttp"],
    ["retry timeout", "retryTimeoutInMilliseconds"],
    ["unknown activity", "'nobody' doesn't exist, is disabled, or is not an activity function"],
    ["unknown child", "'nobody' doesn't exist, is disabled, or is not an orchestrator function"],
  ])("fails with a clear error: %s", async (misuse, message) => {
    const status = await fixture.run("misusing", misuse);
    expect(status.runtimeStatus).toBe("Failed");
    expect(status.output).toContain(message);
  });

  it("fails instead of hanging for ever on Task.all over finished tasks", async () => {
    const id = await fixture.start("misusing", "all over finished");
    await fixture.host.idle();
    await fixture.post(`instances/${id}/raiseEvent/go`, 1);
    const status = await fixture.finish(id);
    expect(status).toMatchObject({ runtimeStatus: "Failed" });
    expect(status.output).toContain("would hang for ever");
  });
});
