/** Ranges that the storage account moves by itself (Put Page From URL), in front of an account that refuses what Azure does. */
import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { blobPreparedDisks } from "../../src/adapters/blob/blob-prepared-disks.js";
import * as refs from "../../src/contracts/import-activities.js";
import { MENDING_STANDARD } from "../../src/contracts/import-run.js";
import { Unsupported } from "../../src/ports/storage-refusal.js";
import { isPutPage, type FaultyWire, type WireRequest } from "../support/faulty-wire.js";
import { dropOf } from "../support/import-world.js";
import { disk, expectDisk, mend, orderFor, value } from "../support/mend-drop.js";
import { isPageFromUrl, pageFromUrl } from "../support/page-from-url.js";
import { activitiesOn, openWiredAccount, portsOn, type Account } from "../support/storage-account.js";
import { dynamicVhd, fixedVhd, MIB } from "../support/vhd-builder.js";

const byAccount = { moveBy: "account", copyBy: "stream", sliceBytes: 4 * MIB } as const;
const settings = { ...MENDING_STANDARD, ...byAccount, concurrency: 2 };

let account: Account;
let wire: FaultyWire;
beforeAll(async () => ({ account, wire } = await openWiredAccount()));
afterEach(() => wire.fail(() => undefined));
afterAll(() => account.close());

/** What the account was asked for, with the operation in place. */
function offered(answer = pageFromUrl) {
  const asked: WireRequest[] = [];
  wire.fail(async (request) => {
    asked.push(request);
    return isPageFromUrl(request) ? answer(request, account.service) : undefined;
  });
  return asked;
}
const act = () => activitiesOn(account.serviceWith(wire.endpoint));

describe("pages that the account moves", () => {
  const content = disk(24 * MIB);
  /** Of few blocks: every small one that lies by itself is a request by itself. */
  const sparse = disk(24 * MIB, 200_000);
  const smallBlocks = dynamicVhd({ disk: sparse, blockSize: 4096, reversed: true });
  it.each([
    ["dynamic.vhd", "block", dynamicVhd({ disk: content }), content],
    ["small blocks #1 (50%).vhd", "block", smallBlocks, sparse],
    ["stale.vhd", "block", dynamicVhd({ disk: content, sparseBitmap: true, stale: 0xee }), content],
    ["fixed.vhd", "block", fixedVhd({ disk: content }), content],
    ["team/sparse ✓.vhd", "page", fixedVhd({ disk: content }), content],
  ] as const)(
    "make the right disk, none of whose bytes pass through: %s",
    async (name, kind, file, wanted) => {
      await (kind === "page" ? account.dropPages(name, file) : account.dropBlock(name, file));
      const asked = offered();
      const { made, treeHash } = await mend(account, name, byAccount, act());
      expectDisk(made, wanted);
      expect(treeHash).toBeUndefined();
      expect(asked.filter((request) => isPutPage(request) && !isPageFromUrl(request))).toHaveLength(1);
      expect(asked.filter(isPageFromUrl).length).toBeGreaterThan(2);
    },
  );

  it("are only the non-empty ones; for a page blob, by its ranges", async () => {
    const size = 24 * MIB;
    const places = [0, 9 * MIB + 512, 20 * MIB];
    const blob = account.dropped("team/holes.vhd").getPageBlobClient();
    await blob.create(size + 512);
    for (const at of places) await blob.uploadPages(Buffer.alloc(512, 7), at, 512);
    await blob.uploadPages(fixedVhd({ disk: Buffer.alloc(0), footer: { size } }).subarray(-512), size, 512);
    const asked = offered();
    const { bytesWritten } = await mend(account, "team/holes.vhd", byAccount, act());
    const grain = 64 * 1024;
    const sent = asked.filter(isPageFromUrl).map(({ headers }) => headers["x-ms-source-range"]);
    const grains = places.map((at) => at - (at % grain));
    expect(sent.sort()).toEqual(grains.map((at) => `bytes=${at}-${at + grain - 1}`).sort());
    expect(bytesWritten).toBe(places.length * grain);
  });

  it("have no hash, and the status says so", async () => {
    await account.dropBlock("unseen.vhd", dynamicVhd({ disk: content }));
    offered();
    const order = await orderFor(account, "unseen.vhd");
    const plan = value(await act()(refs.planMending, { ...order, settings }));
    const slice = value(await act()(refs.moveSlice, { ...order, plan, slice: 0, settings }));
    expect(slice).toMatchObject({ hashed: false, remark: expect.stringContaining("no tree hash") as string });
  });

  it("are those of one content: a file that was replaced is refused, not mixed", async () => {
    await account.dropBlock("replaced.vhd", dynamicVhd({ disk: content }));
    offered();
    const order = await orderFor(account, "replaced.vhd");
    const plan = value(await act()(refs.planMending, { ...order, settings }));
    const { drop } = order;
    await account.dropBlock("replaced.vhd", dynamicVhd({ disk: disk(28 * MIB) }));
    const writer = portsOn(account.serviceWith(wire.endpoint)).prepared.pages(order.name);
    await expect(writer.writeFrom(drop, 4096, 0, 512)).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
    const outcome = await act()(refs.moveSlice, { ...order, plan, slice: 0, settings });
    expect(outcome).toMatchObject({ status: "refused", code: "SOURCE_CHANGED" });
  });

  it("are not moved into a disk that is finished", async () => {
    await account.dropBlock("fenced.vhd", dynamicVhd({ disk: content }));
    offered();
    const order = await orderFor(account, "fenced.vhd");
    value(await act()(refs.planMending, { ...order, settings }));
    const { prepared } = portsOn(account.serviceWith(wire.endpoint));
    const writer = prepared.pages(order.name);
    await writer.writeFrom(order.drop, 4096, 0, 512);
    await prepared.commit({ name: order.name, sizeBytes: 24 * MIB, footer: Buffer.alloc(512) });
    await expect(writer.writeFrom(order.drop, 4096, 0, 512)).rejects.toThrow(/SequenceNumber/);
  });
});

describe("an account that does not move them", () => {
  const content = disk(24 * MIB);
  it.each([
    [403, "CannotVerifyCopySource", "firewall.vhd"],
    [400, "InvalidHeaderValue", "header.vhd"],
    [501, "NotImplemented", "none.vhd"],
  ])("because of %i %s has them streamed, with their hash and the reason", async (status, code, name) => {
    await account.dropBlock(name, dynamicVhd({ disk: content }));
    offered(() => Promise.resolve({ status, code }));
    const { made, treeHash } = await mend(account, name, byAccount, act());
    expectDisk(made, content);
    expect(treeHash).toMatch(/^[0-9a-f]{64}$/);
    const order = await orderFor(account, name);
    const writer = portsOn(account.serviceWith(wire.endpoint)).prepared.pages(order.name);
    await expect(writer.writeFrom(order.drop, 4096, 0, 512)).rejects.toThrow(Unsupported);
    await expect(writer.writeFrom(order.drop, 4096, 0, 512)).rejects.toThrow(code);
  });

  it("from half way on gives the right disk and no hash", async () => {
    await account.dropBlock("half.vhd", dynamicVhd({ disk: content }));
    let left = 2;
    offered((request, service) =>
      left-- > 0
        ? pageFromUrl(request, service)
        : Promise.resolve({ status: 403, code: "CannotVerifyCopySource" }),
    );
    const order = await orderFor(account, "half.vhd");
    const plan = value(await act()(refs.planMending, { ...order, settings }));
    const hashed: boolean[] = [];
    for (let slice = 0; slice < plan.slices; slice++)
      hashed.push(value(await act()(refs.moveSlice, { ...order, plan, slice, settings })).hashed);
    expect(new Set(hashed).size).toBe(2);
    const finished = value(await act()(refs.finishDisk, { ...order, plan, hashed: hashed.every(Boolean) }));
    expect(finished.treeHash).toBeUndefined();
    expectDisk(await account.prepared(order.name), content);
  });
});

it("lets the account read the source with the identity's own token, over a wire that keeps it secret", async () => {
  const seen: { url: string; headers: Map<string, string> }[] = [];
  const service = new BlobServiceClient(
    "https://drops.blob.core.windows.net",
    { getToken: () => Promise.resolve({ token: "t0ken", expiresOnTimestamp: Date.now() + 3_600_000 }) },
    {
      httpClient: {
        sendRequest(request) {
          const headers = request.headers.toJson();
          seen.push({ url: request.url, headers: new Map(Object.entries(headers)) });
          return Promise.resolve({ request, status: 201, headers: request.headers.clone() });
        },
      },
    },
  );
  const writer = blobPreparedDisks(service, "prepared").pages("made.vhd");
  await writer.writeFrom(dropOf("a b/ü#?.vhd"), 1024, 4096, 512);
  const [{ url, headers } = { url: "", headers: new Map<string, string>() }] = seen;
  expect(url).toBe("https://drops.blob.core.windows.net/prepared/made.vhd?comp=page");
  expect(
    Object.fromEntries(
      [...headers].filter(([name]) => /^(x-ms-(copy|source|range|page|if)|content-length)/.test(name)),
    ),
  ).toEqual({
    "content-length": "0",
    "x-ms-page-write": "update",
    "x-ms-range": "bytes=4096-4607",
    "x-ms-source-range": "bytes=1024-1535",
    "x-ms-source-if-match": '"1"',
    "x-ms-if-sequence-number-eq": "1",
    "x-ms-copy-source": "https://drops.blob.core.windows.net/drop/a%20b/%C3%BC%23%3F.vhd",
    "x-ms-copy-source-authorization": "Bearer t0ken",
  });
  const long = dropOf(`${"ü".repeat(500)}.vhd`);
  await expect(writer.writeFrom(long, 0, 0, 512)).rejects.toThrow(/longer than 2048/);
  expect(seen).toHaveLength(1);
});
