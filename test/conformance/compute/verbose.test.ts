/** The bodies of every exchange, for who asks for them, and no secret in them. */
import { expect, it, onTestFinished } from "vitest";
import { startBench } from "./support.js";

it("hands out the bodies of requests and answers, cut, with secrets masked, and keeps them out of its log", async () => {
  const exchanges: Readonly<Record<string, unknown>>[] = [];
  const bench = await startBench({ logBodies: (exchange) => void exchanges.push(exchange) });
  onTestFinished(() => bench.stop());
  const path = `${bench.id("virtualMachines", "linux1")}/runCommands/hello`;
  await bench.call("PUT", `${path}?api-version=2024-07-01`, {
    location: "westeurope",
    properties: {
      source: { script: "echo hello" },
      parameters: [{ name: "padding", value: "p".repeat(5000) }],
      protectedParameters: [{ name: "password", value: "hunter2" }],
      outputBlobUri: "https://account.blob.core.windows.net/c/out?sv=2024-11-04&sig=hunter2",
    },
  });
  const exchange = exchanges.find((one) => one["path"] === path);
  expect(exchange).toMatchObject({
    method: "PUT",
    status: 201,
    request: expect.stringContaining("echo hello") as string,
    response: expect.stringContaining("echo hello") as string,
  });
  expect(exchange?.["request"]).toHaveLength(2001);
  await bench.call("PUT", `${bench.id("virtualMachines", "new1")}?api-version=2024-07-01`, {
    location: "westeurope",
    properties: { osProfile: { adminPassword: "hunter2", customData: "hunter2" } },
  });
  expect(exchanges.at(-1)?.["request"]).toContain('"adminPassword":"***"');
  expect(JSON.stringify(exchanges)).not.toContain("hunter2");
  expect(bench.lines.join("\n")).not.toMatch(/echo hello|hunter2/);
});
