/** Requests that no client library would send: each has its answer, and the host serves the next one. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Fixture, startFixture } from "./fixture.js";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture("fixture-app");
});
afterAll(() => fixture.stop());
afterEach(async () => {
  expect((await fetch(`${fixture.host.url}/api/nothing`)).status, "the host still serves").toBe(204);
});

/** Sends bytes as they are and reads the answer to the end of the connection. */
async function raw(request: string): Promise<string> {
  const socket = connect(fixture.host.port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.write(request, "latin1");
  await once(socket, "close");
  return answer;
}
const closing = "Host: x\r\nConnection: close\r\n";
const status = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

describe("the host answers", () => {
  it.each([
    ["absolute form, as through a proxy", `GET http://elsewhere/api/nothing HTTP/1.1\r\n${closing}\r\n`, 204],
    ["a path that begins with two slashes", `GET //api/nothing HTTP/1.1\r\n${closing}\r\n`, 404],
    ["a Host that is none", "GET /api/nothing HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n", 400],
    [
      "a name that its owner lets resolve to us",
      "GET /api/nothing HTTP/1.1\r\nHost: rebound.example:7071\r\nConnection: close\r\n\r\n",
      403,
    ],
    [
      "a page of another site",
      `POST /api/nothing HTTP/1.1\r\n${closing}Origin: https://a.example\r\nContent-Length: 0\r\n\r\n`,
      403,
    ],
    [
      "a page of no site",
      `POST /api/nothing HTTP/1.1\r\n${closing}Origin: null\r\nContent-Length: 0\r\n\r\n`,
      403,
    ],
    [
      "a page of this machine",
      `GET /api/nothing HTTP/1.1\r\n${closing}Origin: http://127.0.0.1:3000\r\n\r\n`,
      204,
    ],
    ["an asterisk", `OPTIONS * HTTP/1.1\r\n${closing}\r\n`, 400],
    ["no HTTP at all", "hello\r\n\r\n", 400],
    ["a broken escape in a function's path", `GET /api/hello/%E0%A4 HTTP/1.1\r\n${closing}\r\n`, 404],
    ["an unknown route", `GET /api/absent?x=%E0%A4 HTTP/1.1\r\n${closing}\r\n`, 404],
    [
      "a body declared larger than it takes, before it is sent",
      `POST /api/hello/Bob HTTP/1.1\r\nHost: x\r\nContent-Length: 104857601\r\n\r\n`,
      413,
    ],
    [
      "a header line longer than it takes",
      `GET /api/nothing HTTP/1.1\r\n${closing}X-Long: ${"x".repeat(20_000)}\r\n\r\n`,
      431,
    ],
    [
      "JSON that is none as the input of an orchestration",
      `POST /runtime/webhooks/durabletask/orchestrators/chain HTTP/1.1\r\n${closing}Content-Length: 1\r\n\r\n{`,
      400,
    ],
  ])("%s", async (_, request, expected) => {
    expect(status(await raw(request))).toBe(expected);
  });

  it("a chunked body with its content, and warns that the real host would lose it", async () => {
    const answer = await raw(
      `POST /api/hello/Bob HTTP/1.1\r\n${closing}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`,
    );
    expect(answer).toContain('"body":"hi"');
    expect(fixture.lines).toContainEqual(expect.objectContaining({ level: "warn", event: "chunked-body" }));
  });

  it("nobody, when the caller goes away in the middle of its body", async () => {
    const socket = connect(fixture.host.port, "127.0.0.1");
    socket.write("POST /api/hello/Bob HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhi");
    await once(socket, "connect");
    socket.destroy();
    await fixture.host.idle();
  });
});

describe("a request's line in the log", () => {
  const lineOf = (path: string) =>
    fixture.lines.findLast((line) => line.event === "request" && line.path === path);

  it("names the instance that a management request is about", async () => {
    const id = await fixture.start("chain", null);
    expect(lineOf("/runtime/webhooks/durabletask/orchestrators/chain")).toMatchObject({
      instanceId: id,
      status: 202,
    });
    await fixture.finish(id);
    expect(lineOf(`/runtime/webhooks/durabletask/instances/${id}`)).toMatchObject({
      instanceId: id,
      status: 200,
    });
  });

  it("names the instance that a function started through its client", async () => {
    const answer = await fetch(`${fixture.host.url}/api/start/chain`, { method: "POST", body: "1" });
    const { id } = (await answer.json()) as { id: string };
    expect(lineOf("/api/start/chain")).toMatchObject({ instanceId: id, function: "start", status: 202 });
  });

  it("names none where there is none", async () => {
    await fetch(`${fixture.host.url}/api/nothing`);
    expect(lineOf("/api/nothing")).not.toHaveProperty("instanceId");
  });
});

describe("a host that stops", () => {
  it("answers a request that began before and ends after, and stops", async () => {
    const stopping = await startFixture("fixture-app");
    const socket = connect(stopping.host.port, "127.0.0.1");
    socket.write("GET /api/nothing HTTP/1.1\r\n");
    await once(socket, "connect");
    // Answered on a connection of its own, and so after the other's first line was read.
    await fetch(`${stopping.host.url}/api/nothing`);
    const stopped = stopping.stop();
    await expect(fetch(`${stopping.host.url}/api/nothing`)).rejects.toThrow();
    socket.write(`${closing}\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(status(answer.toString("latin1"))).toBe(503);
    await stopped;
  });
});
