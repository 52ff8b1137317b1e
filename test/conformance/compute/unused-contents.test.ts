/** Imported bytes stay while anything refers to them or reads them, and are gone from this machine's disk after that. */
import { once } from "node:events";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { AnonymousCredential, PageBlobClient } from "@azure/storage-blob";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Bench, GROUP, POLL, startBench, WEST } from "./support.js";
import { MIB, SIZE, startVhdStore, vhd, type VhdStore } from "./vhd-store.js";

let store: VhdStore;
let stateDir: string;
let bench: Bench;
beforeAll(async () => {
  store = await startVhdStore();
});
afterAll(() => store.stop());
beforeEach(async () => {
  stateDir = mkdtempSync(path.join(tmpdir(), "compute-contents-"));
  bench = await startBench({ stateDir, storage: store.account });
});
afterEach(async () => {
  await bench.stop();
  rmSync(stateDir, { recursive: true });
});

const contents = () => path.join(stateDir, "contents");
const files = () => (existsSync(contents()) ? readdirSync(contents()) : []);
const creation = (sourceUri: string) => ({
  location: WEST,
  creationData: { createOption: "Import", sourceUri, storageAccountId: store.account.accountId },
});
const settled = <T>(poller: { pollUntilDone(): Promise<T> }) => bench.settle(poller.pollUntilDone());
const importDisk = (name: string, uri: string) =>
  settled(bench.client.disks.createOrUpdate(GROUP, name, creation(uri), POLL));
const sasOf = async (disk: string) => {
  const asked = { access: "Read", durationInSeconds: 600_000 };
  return (await settled(bench.client.disks.grantAccess(GROUP, disk, asked, POLL))).accessSAS ?? "";
};
const firstBytes = async (disk: string) =>
  new PageBlobClient(await sasOf(disk), new AnonymousCredential()).downloadToBuffer(0, 4096);

test("the bytes of an import stay while a snapshot refers to them, go with it, and can be imported again", async () => {
  const source = vhd();
  const uri = await store.upload("shared.vhd", source);
  const { id = "" } = await importDisk("d", uri);
  const creationData = { createOption: "Copy", sourceResourceId: id };
  await settled(bench.client.snapshots.createOrUpdate(GROUP, "s", { location: WEST, creationData }, POLL));
  await settled(bench.client.disks.delete(GROUP, "d", POLL));
  expect(files()).toHaveLength(1);
  await settled(bench.client.snapshots.delete(GROUP, "s", POLL));
  expect(files()).toEqual([]);
  await importDisk("again", uri);
  expect((await firstBytes("again")).equals(source.first)).toBe(true);
});

test("who is reading a disk while it is deleted reads it to the end", async () => {
  const source = vhd();
  await importDisk("d", await store.upload("read.vhd", source));
  // Not taken up, so that the bytes wait in this machine's buffers and behind them.
  const headers = { range: `bytes=0-${SIZE - 1}` };
  const [response] = (await once(get(await sasOf("d"), { headers }), "response")) as [IncomingMessage];
  await settled(bench.client.disks.revokeAccess(GROUP, "d", POLL));
  await settled(bench.client.disks.delete(GROUP, "d", POLL));
  expect(files()).toHaveLength(1);
  const bytes = Buffer.concat((await response.toArray()) as Buffer[]);
  expect(bytes).toHaveLength(SIZE);
  expect(bytes.subarray(0, 4096).equals(source.first)).toBe(true);
  expect(bytes.subarray(SIZE - 512, SIZE).equals(source.last)).toBe(true);
  await settled(bench.client.virtualMachines.reapply(GROUP, "linux1", POLL));
  expect(files()).toEqual([]);
});

test.each([
  ["before the state forgot them", false],
  ["after that", true],
])(
  "a start removes the bytes of a deletion that was killed %s, and keeps the others",
  async (_, forgotten) => {
    const kept = vhd();
    await importDisk("kept", await store.upload("kept.vhd", kept));
    const [file] = files();
    await importDisk("gone", await store.upload("gone.vhd", vhd()));
    await bench.stop();
    const commit = (table: string, key: string) =>
      appendFileSync(
        path.join(stateDir, "journal.jsonl"),
        `${JSON.stringify({ [table]: { [key]: null } })}\n`,
      );
    commit("resources", bench.id("disks", "gone").toLowerCase());
    const content = files().find((name) => name !== file) ?? "";
    if (forgotten) commit("contents", content.replace(".raw", ""));
    bench = await startBench({ stateDir, storage: store.account, clock: bench.clock });
    expect(files()).toEqual([file]);
    expect((await firstBytes("kept")).equals(kept.first)).toBe(true);
  },
);

test("a start removes what a killed import had written so far", async () => {
  await importDisk("d", await store.upload("whole.vhd", vhd()));
  const [file = ""] = files();
  await bench.stop();
  writeFileSync(path.join(contents(), "vhd-1.raw.2.part"), Buffer.alloc(MIB));
  writeFileSync(path.join(contents(), "vhd-1.raw"), Buffer.alloc(MIB));
  bench = await startBench({ stateDir, storage: store.account, clock: bench.clock });
  expect(files()).toEqual([file]);
});
