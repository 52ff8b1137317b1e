/** What Resource Manager's answers point to: pages, and how an operation goes. Only it is asked, whatever they say. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { arm, type Arm } from "../../src/adapters/arm/client.js";
import { progressOf } from "../../src/adapters/arm/submit.js";

const SUBSCRIPTION = "/subscriptions/s";
const servers: Server[] = [];
let here: string;
let elsewhere: string;
let asked: string[];
let cloud: Arm;

async function listening(answer: (path: string) => unknown): Promise<string> {
  const server = createServer((request, response) => {
    asked.push(`${request.headers.host ?? ""}${request.url ?? ""}`);
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer(request.url ?? "")));
  });
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  elsewhere = await listening(() => ({ value: [], status: "Succeeded" }));
  here = await listening((path) => {
    if (path.includes("/second")) return { value: ["two"] };
    if (path.includes("/operations/"))
      return { error: { code: "Bad", message: "could not read https://a/b.vhd?sv=1&sig=c2VjcmV0&se=2" } };
    return { value: ["one"], nextLink: path.includes("/away") ? `${elsewhere}/second` : `${here}/second` };
  });
  const credential = { getToken: () => Promise.reject(new Error("An embedded Azure wants no token.")) };
  cloud = arm({ endpoint: here, credential });
});
beforeEach(() => void (asked = []));
afterAll(() => servers.forEach((server) => server.close()));

const toElsewhere = () => asked.filter((one) => `http://${one}`.startsWith(elsewhere));

test("a list is read to its end if its pages are Resource Manager's own", async () => {
  await expect(cloud.readList(`${SUBSCRIPTION}/near`, "1")).resolves.toEqual(["one", "two"]);
});

test("a list is read to its end by whatever name of this machine the setting has", async () => {
  const credential = { getToken: () => Promise.reject(new Error("An embedded Azure wants no token.")) };
  const byName = arm({ endpoint: here.replace("127.0.0.1", "localhost"), credential });
  await expect(byName.readUrl("s", `${here}/subscriptions/s/near/second`)).resolves.toEqual({
    value: ["two"],
  });
});

test("a page on another host is not requested", async () => {
  await expect(cloud.readList(`${SUBSCRIPTION}/away`, "1")).rejects.toThrow("another host");
  expect(toElsewhere()).toEqual([]);
});

test.each([
  ["another port", () => `${elsewhere}/subscriptions/s/operations/1`],
  ["a name before an @", () => `${here}@${elsewhere.replace("http://", "")}/subscriptions/s/operations/1`],
  ["no URL at all", () => "/subscriptions/s/operations/1"],
])("how an operation goes is not asked of %s", async (_, url) => {
  await expect(cloud.readUrl("s", url())).rejects.toThrow("another host");
  expect(toElsewhere()).toEqual([]);
});

test("the reason that an operation reports is passed on without a signature", async () => {
  const started = { operationUrl: `${here}/subscriptions/s/operations/1` };
  const outcome = await progressOf(
    cloud,
    started,
    () => Promise.resolve({ provisioningState: "Failed" }),
    () => ({ state: "succeeded", value: null }),
  );
  expect(outcome).toMatchObject({ value: { state: "failed", code: "Bad" } });
  expect(JSON.stringify(outcome)).toContain("sig=(removed)");
  expect(JSON.stringify(outcome)).not.toContain("c2VjcmV0");
});

test("a request without an answer times out, whoever sent it, and says which it was", async () => {
  const silent = createServer(() => undefined);
  servers.push(silent);
  await once(silent.listen(0, "127.0.0.1"), "listening");
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const credential = { getToken: () => Promise.reject(new Error("An embedded Azure wants no token.")) };
  const mute = arm({ endpoint, credential, answersWithinMs: 50 });
  const said = /^Azure did not respond within 0\.05 s: GET \/subscriptions\/s\/[^?]+$/;
  await expect(mute.readList(`${SUBSCRIPTION}/near`, "1")).rejects.toThrow(said);
  await expect(mute.compute("s").virtualMachines.get("rg", "web")).rejects.toThrow(said);
  silent.closeAllConnections();
});
