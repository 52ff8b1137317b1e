/**
 * Every kind of file, dropped as a block blob and, where its length allows, as a page blob, through the activities of
 * the import over a storage account. What is mended is held against a reader that shares no code; what is dropped is
 * never written to, whatever comes of it.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examineDrop } from "../../src/contracts/import-activities.js";
import { verdictName } from "../../src/domain/import/drop.js";
import type { DropReader } from "../../src/ports/drops.js";
import { gunzipSparse } from "../support/gzipped-file.js";
import { expectDisk, mend } from "../support/mend-drop.js";
import { OWN_CORPUS } from "../support/own-corpus.js";
import { activitiesOn, DROP, openAccount, portsOn, WORK, type Account } from "../support/storage-account.js";
import { MIB } from "../support/vhd-builder.js";
import { logicalDisk, logicalSize } from "../support/vhd-reference-reader.js";

type Expected = "ready" | "mendable" | "refused" | "either";

let account: Account;
// Unpacking a large file takes longer than Azurite keeps an idle connection, which may close under a request.
beforeAll(async () => (account = await openAccount({ retryOptions: { maxTries: 3, retryDelayInMs: 10 } })));
afterAll(() => account.close());

const NAME = "dropped.vhd";
/** The one disk that is larger has no room in memory; it is empty, and so is all that is written but the footer. */
const COMPARED_BYTES = 1024 * MIB;
/** What is dropped in every run. */
const SMALL_BYTES = 16 * MIB;

const kinds = ["block", "page"] as const;
const mayBe = (kind: "block" | "page", sizeBytes: number) => kind === "block" || sizeBytes % 512 === 0;

async function expectRightEnd(kind: "block" | "page", file: Buffer, expected: Expected): Promise<void> {
  const before = await drop(kind, file);
  const { drop: dropped } = before;
  const visit = { runId: "r", lun: -1, drop: dropped, purpose: "any" as const };
  const outcome = await activitiesOn(account.service)(examineDrop, visit);
  if (expected !== "either") expect(outcome.status).toBe(expected === "refused" ? "refused" : "done");
  if (outcome.status === "refused") await expectAnswer(outcome.code);
  else await expectMended(file);
  const after = await portsOn(account.service).drops.look({ container: DROP, blob: NAME });
  expect(after).toEqual(before);
}

async function drop(kind: "block" | "page", file: Buffer) {
  for (const container of [DROP, WORK, "runs"]) {
    const client = account.service.getContainerClient(container);
    await client.createIfNotExists();
    for await (const { name } of client.listBlobsFlat()) await client.deleteBlob(name);
  }
  await (kind === "page" ? account.dropPages(NAME, file) : account.dropBlock(NAME, file));
  const state = await portsOn(account.service).drops.look({ container: DROP, blob: NAME });
  if (state === undefined) throw new Error("It was not dropped.");
  return state;
}

async function expectAnswer(code: string): Promise<void> {
  const answer = String(await account.dropped(verdictName(NAME)).downloadToBuffer());
  const verdict = JSON.parse(answer) as { verdict: string; codes: string[] };
  expect([verdict.verdict, `VHD_${verdict.codes[0]}`]).toEqual(["refused", code]);
  for await (const { name } of account.service.getContainerClient(WORK).listBlobsFlat())
    expect.unreachable(`${name} was made of a refused file.`);
}

async function expectMended(file: Buffer): Promise<void> {
  const isRaw = file.lastIndexOf("conectix") < 0;
  const sizeBytes = isRaw ? file.length : logicalSize(file);
  const isCompared = sizeBytes <= COMPARED_BYTES;
  const { way, uri, made } = await mend(account, NAME, {}, undefined, isCompared);
  if (way === "as-it-lies") {
    expect(uri).toBe(account.dropped(NAME).url);
    return;
  }
  if (isCompared) {
    expectDisk(made, isRaw ? file : logicalDisk(file));
    return;
  }
  const prepared = await portsOn(account.service).prepared.open(
    decodeURIComponent(uri.split("/").pop() ?? ""),
  );
  expect(await written(prepared)).toEqual([{ offset: prepared.sizeBytes - 512, length: 512 }]);
}

async function written(reader: DropReader) {
  const ranges = [];
  for await (const range of reader.writtenRanges()) ranges.push(range);
  return ranges;
}

describe("a dropped file becomes the disk that it contains, or gets a verdict and is left alone", () => {
  const rows = kinds.flatMap((kind) =>
    OWN_CORPUS.filter(([, file]) => mayBe(kind, file.length)).map(
      ([why, file, verdicts]) => [kind, why, file, verdicts[2]] as const,
    ),
  );
  it.each(rows)("as a %s blob: %s", (kind, _why, file, expected) => expectRightEnd(kind, file, expected));
});

const CORPUS = join(import.meta.dirname, "../../../shared/vhd-corpus");
const MANIFEST = join(CORPUS, "manifest.json");
interface Entry {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly verdict: Expected;
}
const entries = existsSync(MANIFEST) ? (JSON.parse(readFileSync(MANIFEST, "utf8")) as Entry[]) : [];

describe.runIf(entries.length > 0)("so does each file of the shared corpus", () => {
  // What is refused is refused by its content: the own files above show that the kind of blob does not matter, and
  // test/corpus holds each shared file to its verdict and, in memory, to its disk. The small ones are those that the own
  // files have no like of: disks of other creators, and tables far off or without a footer before them.
  // CORPUS_FULL=1 drops everything, in minutes.
  const isFull = process.env["CORPUS_FULL"] === "1";
  const isDropped = (kind: "block" | "page", { bytes, verdict }: Entry) =>
    isFull ? mayBe(kind, bytes) : kind === "block" && verdict !== "refused" && bytes <= SMALL_BYTES;
  const rows = kinds.flatMap((kind) =>
    entries.filter((entry) => isDropped(kind, entry)).map((entry) => ({ kind, ...entry })),
  );
  it.each(rows)("as a $kind blob: $name", { timeout: 60_000 }, async ({ kind, file, bytes, verdict }) => {
    const unpacked = await gunzipSparse(join(CORPUS, file), bytes);
    await expectRightEnd(kind, Buffer.from(unpacked.bytes(0, bytes).buffer), verdict);
  });
});
