/** `--verbose` shows bodies in the log, and no secret in them; without it they stay out. */
import { describe, expect, it, onTestFinished } from "vitest";
import { type Fixture, startFixture } from "./fixture.js";

const input = { size: "Standard_D2s_v5", adminPassword: "hunter2", url: "https://x/y?sv=1&sig=hunter2" };

async function hostThat(verbose: boolean): Promise<Fixture> {
  const fixture = await startFixture("fixture-app", { verbose });
  onTestFinished(() => fixture.stop());
  return fixture;
}

describe("the host's log", () => {
  it("shows bodies of requests and answers in debug lines when verbose, with secrets masked", async () => {
    const fixture = await hostThat(true);
    const id = await fixture.start("chain", input);
    await fixture.finish(id);
    const hubKey = new URL(await purgeUrl(fixture)).searchParams.get("code");
    const bodies = fixture.lines.filter(({ event }) => event === "bodies");
    expect(bodies).toContainEqual(
      expect.objectContaining({
        level: "debug",
        method: "POST",
        path: "/runtime/webhooks/durabletask/orchestrators/chain",
        request: JSON.stringify({ ...input, adminPassword: "***", url: "https://x/y?sv=1&sig=***" }),
        response: expect.stringContaining(`"id":"${id}"`) as string,
      }),
    );
    expect(hubKey).toMatch(/.{20}/);
    const all = JSON.stringify(fixture.lines);
    expect(all).toContain("code=***");
    expect(all).not.toContain(hubKey);
    expect(all).not.toContain("hunter2");
  });

  it("shows none otherwise", async () => {
    const fixture = await hostThat(false);
    await fixture.finish(await fixture.start("chain", input));
    expect(JSON.stringify(fixture.lines)).not.toMatch(/Standard_D2s_v5|hunter2/);
    expect(fixture.lines.some(({ event }) => event === "request")).toBe(true);
  });
});

/** A start answers with URLs that carry the key. */
async function purgeUrl({ webhooks }: Fixture): Promise<string> {
  const started = await fetch(`${webhooks}/orchestrators/chain`, { method: "POST" });
  return ((await started.json()) as { purgeHistoryDeleteUri: string }).purgeHistoryDeleteUri;
}
