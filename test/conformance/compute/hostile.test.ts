/** What no well-meaning client sends: answered as ARM answers, in its own form, and the next request as if nothing had been. */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, GROUP, startBench } from "./support.js";

const API = "?api-version=2026-03-01";

let bench: Bench;
let vms: string;
beforeAll(async () => {
  bench = await startBench();
  vms = `/subscriptions/${bench.simulator.subscriptionId}/resourceGroups/${GROUP}/providers/Microsoft.Compute/virtualMachines`;
});
afterAll(() => bench.stop());

interface Answer {
  readonly status: number;
  readonly body: { readonly error: { readonly code: string; readonly message: string } };
}

/** A request that no client library would let out. */
async function send(method: string, target: string, body = "", more = "host: x"): Promise<Answer> {
  const socket = connect(bench.simulator.port, "127.0.0.1");
  socket.end(
    `${method} ${target} HTTP/1.1\r\n${more}\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  const [head = "", text = ""] = Buffer.concat(chunks).toString("utf8").split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), body: JSON.parse(text) as Answer["body"] };
}

describe("a browser", () => {
  it.each([
    ["host: rebound.example", "it went by a name that its owner lets resolve to this machine"],
    ["host: 127.0.0.1\r\norigin: https://a.example", "a page of another site asks"],
  ])("with %s is told nothing and changes nothing, for %s", async (more) => {
    expect(await send("GET", `/_local/writes`, "", more)).toMatchObject({
      status: 403,
      body: { error: { code: "ForeignRequest" } },
    });
    const { error } = (await send("POST", "/_local/reset", "", more)).body;
    expect(error.code).toBe("ForeignRequest");
  });
});

describe("an api-version", () => {
  it.each([
    ["", "MissingApiVersionParameter", "there is none"],
    ["?api-version=", "MissingApiVersionParameter", "it is empty"],
    ["?api-version=latest", "InvalidApiVersionParameter", "it is no day"],
    ["?api-version=2024-13-45", "InvalidApiVersionParameter", "it is a day of no calendar"],
    ["?api-version=2099-01-01", "NoRegisteredProviderFound", "nobody can have published it yet"],
    ["?api-version=1999-01-01", "NoRegisteredProviderFound", "it is older than ARM"],
  ])("%s is refused with %s: %s", async (query, code) => {
    const { status, body } = await send("GET", vms + query);
    expect([status, body.error.code]).toEqual([400, code]);
  });

  it.each(["2015-06-15", "2019-03-01", "2023-10-02", "2024-07-01", "2025-04-01", "2021-06-01-preview"])(
    "%s is taken: clients of any age work",
    async (version) => {
      expect((await bench.call("GET", `${vms}?api-version=${version}`)).status).toBe(200);
    },
  );
});

describe("a body", () => {
  const deep = (opening: string, closing: string): string =>
    opening.repeat(100_000) + closing.repeat(100_000);
  it.each([
    ["{", 400, "InvalidRequestContent", "it breaks off"],
    ["\u0000\u0001", 400, "InvalidRequestContent", "it is no text"],
    ["[]", 400, "InvalidRequestContent", "it is a list"],
    ['"text"', 400, "InvalidRequestContent", "it is a text"],
    ['{"properties":7}', 400, "InvalidRequestContent", "a member is of another type"],
    ['{"location":"westeurope","tags":{"a":{}}}', 400, "InvalidRequestContent", "a tag is no text"],
    [deep("[", "]"), 400, "InvalidRequestContent", "it is nested without end"],
    [deep('{"a":', "1}").replace(/1(}1)+/, "1"), 400, "InvalidRequestContent", "objects are"],
    [`{"a":"${"x".repeat(5 << 20)}"}`, 413, "RequestContentTooLarge", "ARM takes 4 MB"],
  ])("%# is refused with %i", async (body, status, code) => {
    const answer = await send("PUT", `${vms}/hostile${API}`, body);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  it("may hide what is nested without end inside of a text", async () => {
    const name = `${vms}/hostile${API}`;
    const answer = await send("PUT", name, JSON.stringify({ tags: { a: deep("[", "]") } }));
    expect(answer.body.error.code).toBe("InvalidParameter");
  });
});

describe("an address", () => {
  it.each([
    ["GET", "/%E0%A4%A/x?api-version=2024-07-01", 400, "BadRequest", "its escapes are broken"],
    ["GET", "*", 400, "BadRequest", "it is none"],
    ["GET", "/_local/guests/%E0%A4%A", 400, "BadRequest", "also of the control API"],
    ["GET", `//x${API}`, 501, "NotSimulated", "it has no first segment"],
    ["GET", `/subscriptions/other/resourceGroups${API}`, 404, "SubscriptionNotFound", "of nobody"],
  ])("%s %s is answered with %i %s: %s", async (method, target, status, code) => {
    const answer = await send(method, target);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  it("of another provider is refused by name, of an unknown one as ARM does", async () => {
    const known = await bench.call("GET", `${vms.replace("Compute", "Web")}/x${API}`);
    expect([known.status, JSON.stringify(known.body)]).toEqual([
      501,
      expect.stringContaining("NotSimulated"),
    ]);
    const unknown = await bench.call("GET", `${vms.replace("Microsoft.Compute", "Contoso.Cloud")}/x${API}`);
    expect([unknown.status, JSON.stringify(unknown.body)]).toEqual([
      404,
      expect.stringContaining("The resource namespace 'Contoso.Cloud' is invalid."),
    ]);
  });

  it("names the same resource in any case, and with a slash behind it", async () => {
    for (const path of [`${vms}/linux1`.toUpperCase(), `${vms}/LINUX1/`, `${vms}/linux1`]) {
      const { status, body } = await bench.call("GET", path + API);
      expect([path, status]).toEqual([path, 200]);
      expect((body as { name: string }).name).toBe("linux1");
    }
  });

  it.each(["a%2Fb", "a%0Ab", "%3Cscript%3E", "a%25b"])(
    "makes no resource with the name %s, of which another id would follow",
    async (name) => {
      const answer = await bench.call("PUT", `${vms}/${name}${API}`, { location: "westeurope" });
      expect([answer.status, JSON.stringify(answer.body)]).toEqual([
        400,
        expect.stringContaining("validation rule"),
      ]);
    },
  );
});

describe("a list", () => {
  const snapshots = (): string => vms.replace("virtualMachines", "snapshots");

  it("comes in pages that clients follow to the end, and each thing once", async () => {
    const body = {
      location: "westeurope",
      properties: { creationData: { createOption: "Empty" }, diskSizeGB: 4 },
    };
    for (let index = 0; index < 250; index += 1)
      await bench.call("PUT", `${snapshots()}/s${index}${API}`, body);
    const names: (string | undefined)[] = [];
    let pages = 0;
    for await (const page of bench.client.snapshots.listByResourceGroup(GROUP).byPage()) {
      pages += 1;
      names.push(...page.map(({ name }) => name));
    }
    expect([pages, new Set(names).size, names.length]).toEqual([3, 250, 250]);
  });

  it("refuses a token that it never gave", async () => {
    const answer = await bench.call("GET", `${snapshots()}${API}&$skiptoken=nonsense`);
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([
      400,
      expect.stringContaining("$skiptoken"),
    ]);
  });
});

it("is over with a client that leaves in the middle of its own sentence", async () => {
  const socket = connect(bench.simulator.port, "127.0.0.1");
  socket.write(`PUT ${vms}/hostile${API} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"half`);
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.destroy();
  expect((await bench.call("GET", `${vms}/linux1${API}`)).status).toBe(200);
  expect(bench.lines.join("\n")).not.toContain("broke");
});

describe("a filter", () => {
  const tagged = "tagName eq 'kind' and tagValue eq 'it''s'";
  const asked = (filter: string): string =>
    `/subscriptions/${bench.simulator.subscriptionId}/resources${API}&$filter=${encodeURIComponent(filter)}`;
  const names = async (filter: string): Promise<string[]> =>
    ((await bench.call("GET", asked(filter))).body as { value: { name: string }[] }).value.map(
      ({ name }) => name,
    );

  it("is read, joined by and, with quotes inside of quotes", async () => {
    await bench.call("PATCH", `${vms}/linux1${API}`, { tags: { Kind: "it's" } });
    expect(await names(`resourceType eq 'microsoft.compute/virtualmachines' and ${tagged}`)).toEqual([
      "linux1",
    ]);
    expect(await names("name eq 'linux1' and location eq 'West Europe'")).toEqual(["linux1"]);
    expect(await names("name eq 'nobody'")).toEqual([]);
  });

  it.each(["name", "name ne 'x'", "owner eq 'x'", "name eq 'x' or name eq 'y'", "' or 1 eq 1", "(((("])(
    "%s is refused, not passed over",
    async (filter) => {
      const { status, body } = await bench.call("GET", asked(filter));
      expect([status, JSON.stringify(body)]).toEqual([
        400,
        expect.stringContaining("InvalidFilterInQueryString"),
      ]);
    },
  );
});

it("makes no disk of a size that there is not", async () => {
  for (const diskSizeGB of [0, -1, 1.5, 65_537]) {
    const answer = await bench.call("PUT", `${vms.replace("virtualMachines", "disks")}/d${API}`, {
      properties: { creationData: { createOption: "Empty" }, diskSizeGB },
    });
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([
      400,
      expect.stringContaining("must be between '1' and '65536'"),
    ]);
  }
});
