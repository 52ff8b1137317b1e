/**
 * Mending while everything goes wrong: whatever request is lost, before or after it took effect, the disk comes out the
 * same; whatever cannot be mended by trying again is refused by name, and no half-made disk passes for one.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import * as refs from "../../src/contracts/import-activities.js";
import { MENDING_STANDARD } from "../../src/contracts/import-run.js";
import {
  isPutPage,
  isRangedGet,
  type Fault,
  type FaultyWire,
  type WireRequest,
} from "../support/faulty-wire.js";
import { disk, expectDisk, mend, orderFor, retried, value } from "../support/mend-drop.js";
import { activitiesOn, openWiredAccount, portsOn, WORK, type Account } from "../support/storage-account.js";
import { dynamicVhd, MIB } from "../support/vhd-builder.js";

const wanted = disk(20 * MIB);
const file = dynamicVhd({ disk: wanted, blockSize: MIB / 2 });
const small = { ...MENDING_STANDARD, sliceBytes: 4 * MIB, concurrency: 2 };

let account: Account;
let wire: FaultyWire;
let dropped = 0;
beforeAll(async () => ({ account, wire } = await openWiredAccount()));
afterEach(() => wire.fail(() => undefined));
afterAll(() => account.close());

/** A fresh drop of the same file. */
async function drop(): Promise<string> {
  const name = `faulty-${dropped++}.vhd`;
  await account.dropBlock(name, file);
  return name;
}
const throughFaults = (maxTries = 1) =>
  activitiesOn(account.serviceWith(wire.endpoint, { retryOptions: { maxTries, retryDelayInMs: 1 } }));

/** Hits the request that is the `index`th of its kind. */
function strike(kind: (request: WireRequest) => boolean, index: number, fault: Fault) {
  let seen = 0;
  const hit = { count: 0 };
  wire.fail((request) => {
    if (!kind(request) || seen++ !== index) return undefined;
    hit.count += 1;
    return fault;
  });
  return hit;
}

describe("whichever write is lost", () => {
  // Six page runs and the footer; one more strikes nothing.
  const places = Array.from({ length: 8 }, (_, index) => index);
  it.each(
    places.flatMap((index) =>
      (["lost before", "lost after"] as const).map((fault) => [index, fault] as const),
    ),
  )("number %i, %s: the slice is done again and the disk is the same", async (index, fault) => {
    const hit = strike(isPutPage, index, fault);
    const { made, treeHash } = await mend(account, await drop(), small, retried(throughFaults()));
    wire.fail(() => undefined);
    expectDisk(made, wanted);
    expect(treeHash).toBe(await cleanHash());
    expect(hit.count).toBe(index < (await writes()) ? 1 : 0);
  });
});

/** The hash that comes out when nothing goes wrong, and how many writes that takes. */
let clean: Promise<{ hash: string; writes: number }> | undefined;
const cleanRun = () =>
  (clean ??= (async () => {
    let count = 0;
    wire.fail((request) => {
      if (isPutPage(request)) count += 1;
      return undefined;
    });
    const { treeHash = "" } = await mend(account, await drop(), small, throughFaults());
    wire.fail(() => undefined);
    return { hash: treeHash, writes: count };
  })());
const cleanHash = async () => (await cleanRun()).hash;
const writes = async () => (await cleanRun()).writes;

describe("a storage account in trouble", () => {
  it.each([
    ["503, as it throttles", { status: 503, code: "ServerBusy" }],
    ["500, as it breaks", { status: 500, code: "OperationTimedOut" }],
    ["late, as it is slow", { delayMs: 50 }],
  ] as const)("that answers %s is asked again, and nothing is lost", async (_what, fault) => {
    let nth = 0;
    wire.fail(() => (nth++ % 5 === 1 ? fault : undefined));
    const { made } = await mend(account, await drop(), small, throughFaults(4));
    expectDisk(made, wanted);
  });

  it("that is full refuses the run with its own code, and leaves no disk that Azure would accept", async () => {
    const order = await orderFor(account, await drop());
    const act = throughFaults();
    const plan = value(await act(refs.planMending, { ...order, settings: small }));
    strike(isPutPage, 1, { status: 409, code: "AccountCapacityExceeded" });
    const outcome = await act(refs.moveSlice, { ...order, plan, slice: 0, settings: small });
    expect(outcome).toMatchObject({ status: "refused", code: "STORAGE_FULL" });
    const made = await account.prepared(order.name);
    expect(made.subarray(-512).equals(Buffer.alloc(512))).toBe(true);
  });

  it("that no longer lets the pipeline in refuses the run with its own code, without a secret in the message", async () => {
    const order = await orderFor(account, await drop());
    const act = throughFaults();
    const plan = value(await act(refs.planMending, { ...order, settings: small }));
    strike(isPutPage, 0, { status: 403, code: "AuthorizationPermissionMismatch" });
    const outcome = await act(refs.moveSlice, { ...order, plan, slice: 0, settings: small });
    expect(outcome).toMatchObject({ status: "refused", code: "NOT_AUTHORIZED" });
    expect(JSON.stringify(outcome)).not.toMatch(/sig=|http:/);
  });
});

describe("a file that is replaced while it is moved", () => {
  it("is refused, whichever read comes first after it, and never mixed", async () => {
    const name = await drop();
    const order = await orderFor(account, name);
    const act = throughFaults();
    const plan = value(await act(refs.planMending, { ...order, settings: small }));
    value(await act(refs.moveSlice, { ...order, plan, slice: 0, settings: small }));
    await account.dropBlock(name, dynamicVhd({ disk: disk(24 * MIB) }));
    const outcome = await act(refs.moveSlice, { ...order, plan, slice: 1, settings: small });
    expect(outcome).toMatchObject({ status: "refused", code: "SOURCE_CHANGED" });
  });

  // Which of the two an account answers to a conditional read of what is not there is its own affair.
  it("is refused as gone or changed when it was deleted", async () => {
    const name = await drop();
    const order = await orderFor(account, name);
    await account.dropped(name).delete();
    const outcome = await throughFaults()(refs.planMending, { ...order, settings: small });
    expect(outcome).toMatchObject({ status: "refused" });
    expect(outcome).toHaveProperty("code", expect.stringMatching(/^SOURCE_(GONE|CHANGED)$/));
  });

  it("is never asked for a range of another content", async () => {
    const conditions: unknown[] = [];
    wire.fail((request) => {
      if (isRangedGet(request) && request.path.includes("/drop/"))
        conditions.push(request.headers["if-match"]);
      return undefined;
    });
    await mend(account, await drop(), small, throughFaults());
    expect(conditions.length).toBeGreaterThan(3);
    expect(new Set(conditions).size).toBe(1);
    expect(conditions[0]).toMatch(/^"0x/);
  });
});

describe("an abandoned attempt that still runs", () => {
  it("writes nothing more once the footer is written", async () => {
    const order = await orderFor(account, await drop());
    const act = throughFaults();
    const plan = value(await act(refs.planMending, { ...order, settings: small }));
    for (let slice = 0; slice < plan.slices; slice++)
      value(await act(refs.moveSlice, { ...order, plan, slice, settings: small }));
    value(await act(refs.finishDisk, { ...order, plan, hashed: true }));
    await expect(act(refs.moveSlice, { ...order, plan, slice: 0, settings: small })).rejects.toThrow(
      /SequenceNumberConditionNotMet/,
    );
    expectDisk(await account.prepared(order.name), wanted);
  });

  it("creates the same blob again, and does not take over one made from something else", async () => {
    const order = await orderFor(account, await drop());
    const { prepared } = portsOn(account.service);
    const made = { name: order.name, sizeBytes: 20 * MIB, sourceEtag: order.drop.etag, planHash: "p" };
    await prepared.create(made);
    await prepared.pages(order.name).write(0, Buffer.alloc(512, 1));
    await prepared.create(made);
    expect((await account.prepared(order.name))[0]).toBe(1);
    await expect(prepared.create({ ...made, planHash: "q" })).rejects.toMatchObject({
      code: "STORAGE_REFUSED",
    });
  });

  it("finishes once: an existing footer is not written again", async () => {
    const order = await orderFor(account, await drop());
    const act = throughFaults();
    const plan = value(await act(refs.planMending, { ...order, settings: small }));
    for (let slice = 0; slice < plan.slices; slice++)
      value(await act(refs.moveSlice, { ...order, plan, slice, settings: small }));
    const first = value(await act(refs.finishDisk, { ...order, plan, hashed: true }));
    const blob = account.service.getContainerClient(WORK).getPageBlobClient(order.name);
    const { etag } = await blob.getProperties();
    expect(value(await act(refs.finishDisk, { ...order, plan, hashed: true }))).toEqual(first);
    expect((await blob.getProperties()).etag).toBe(etag);
  });
});

it("aborts a copy in progress before it removes the destination blob", async () => {
  const name = "copying.vhd";
  const work = account.service.getContainerClient(WORK);
  await work.createIfNotExists();
  const blob = work.getPageBlobClient(name);
  await blob.create(512);
  const asked: string[] = [];
  wire.fail(({ method, query, headers }) => {
    const abort = query.get("comp") === "copy";
    asked.push(abort ? `${String(headers["x-ms-copy-action"])} ${query.get("copyid") ?? ""}` : method);
    if (abort) return { status: 204, code: "" };
    if (method === "HEAD") return { says: { "x-ms-copy-id": "c-1", "x-ms-copy-status": "pending" } };
    return asked.length === 1 ? { status: 409, code: "PendingCopyOperation" } : undefined;
  });
  await throughFaults()(refs.removePrepared, { runId: "r", name });
  expect(asked.slice(0, 4)).toEqual(["DELETE", "HEAD", "abort c-1", "DELETE"]);
  expect(await blob.exists()).toBe(false);
});

it("refuses a work blob of the same name that something else made", async () => {
  const order = await orderFor(account, await drop());
  await account.service.getContainerClient(WORK).getPageBlobClient(order.name).create(512);
  const outcome = await throughFaults()(refs.planMending, { ...order, settings: small });
  expect(outcome).toMatchObject({ status: "refused", code: "STORAGE_REFUSED" });
});
