/** kill -9 and full disks: what the storage account has acknowledged, it still has. Runs it built, as a child process. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { keepJournal, type LokiDatabase } from "../../../src/local/storage/index-journal.js";
import { countdown } from "../service-bus/support.js";

const PAGE = 512;
const CONTAINER = "kept";

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "storage-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const SERVE = `
  const { startAzurite } = await import(${JSON.stringify(new URL("../../../dist/local/storage/azurite.js", import.meta.url).href)});
  const { connectionString } = await startAzurite({ stateDir: process.argv[1], log: (line) => console.error(line) });
  console.log(connectionString);`;

interface Child {
  readonly container: ContainerClient;
  readonly log: () => string;
  kill(): Promise<void>;
}

/** `limitBlocks`: no file may grow beyond so many blocks, as on a full disk. */
async function serve(stateDir: string, limitBlocks?: number): Promise<Child> {
  const node = [process.execPath, "--input-type=module", "-e", SERVE, stateDir];
  const [command = "", ...args] =
    limitBlocks === undefined ? node : ["sh", "-c", `ulimit -f ${limitBlocks}; exec "$@"`, "sh", ...node];
  const child: ChildProcess = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr!.on("data", (text: Buffer) => (log += text.toString()));
  const exited = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  onTestFinished(kill);
  const [line] = (await Promise.race([
    once(createInterface(child.stdout!), "line"),
    exited.then(() => Promise.reject(new Error(`The storage account ended: ${log}`))),
  ])) as [string];
  const service = BlobServiceClient.fromConnectionString(line, { retryOptions: { maxTries: 1 } });
  return { container: service.getContainerClient(CONTAINER), log: () => log, kill };
}

/** What a client was told of each blob; nothing while a change of it is under way. */
type Told = Map<string, { content: Buffer; metadata: Record<string, string> } | "deleted">;

/** Changes blobs of its own, one after another, until the account is gone. */
async function change(container: ContainerClient, worker: number, told: Told, onTold: () => void) {
  for (let round = 0; ; round++) {
    const name = `${worker}-${round % 7}`;
    const metadata = { round: String(round) };
    const tell = (state: { content: Buffer; metadata: Record<string, string> } | "deleted") => {
      told.set(name, state);
      onTold();
    };
    const before = told.get(name);
    told.delete(name);
    const content = Buffer.alloc(PAGE * 4, round);
    const page = container.getPageBlobClient(name);
    if (round % 5 === 4 && before !== undefined && before !== "deleted") {
      await page.delete();
      tell("deleted");
    } else if (round % 2 === 0) {
      await container.getBlockBlobClient(name).upload(content, content.length, { metadata });
      tell({ content, metadata });
    } else {
      await page.create(content.length, { metadata });
      tell({ content: Buffer.alloc(content.length), metadata });
      told.delete(name);
      await page.uploadPages(content.subarray(PAGE), PAGE, content.length - PAGE);
      const written = Buffer.concat([Buffer.alloc(PAGE), content.subarray(PAGE)]);
      tell({ content: written, metadata });
      told.delete(name);
      await page.setMetadata({ round: "again" });
      tell({ content: written, metadata: { round: "again" } });
    }
  }
}

async function expectTold(container: ContainerClient, told: Told): Promise<void> {
  const found: Told = new Map();
  const look = async (name: string) => {
    const blob = container.getBlobClient(name);
    if (!(await blob.exists())) found.set(name, "deleted");
    else {
      const { metadata = {} } = await blob.getProperties();
      found.set(name, { content: await blob.downloadToBuffer(), metadata });
    }
  };
  await Promise.all([...told.keys()].map(look));
  expect([...found].sort()).toEqual([...told].sort());
}

test("nothing a client was told is lost when the account is killed in the midst of many", async () => {
  const directory = makeDirectory();
  const first = await serve(directory);
  await first.container.create();
  const told: Told = new Map();
  // So many that each worker comes to delete, too.
  const { done, tick } = countdown(100);
  const workers = Array.from({ length: 4 }, (_, worker) => change(first.container, worker, told, tick));
  const ended = Promise.allSettled(workers);
  await done;
  await first.kill();
  await ended;
  expect(told.size).toBeGreaterThan(15);
  expect([...told.values()]).toContain("deleted");
  await expectTold((await serve(directory)).container, told);
});

test("a full disk breaks an upload off instead of acknowledging it, and takes none back", async () => {
  const directory = makeDirectory();
  const full = await serve(directory, 64);
  await full.container.create();
  const told: Told = new Map();
  const metadata = { filler: "x".repeat(2000) };
  const fill = async () => {
    for (let number = 0; number < 100; number++) {
      const content = Buffer.from(`blob ${number}`);
      await full.container.getBlockBlobClient(`${number}`).upload(content, content.length, { metadata });
      told.set(`${number}`, { content, metadata });
    }
  };
  await expect(fill()).rejects.toThrow();
  expect(full.log()).toContain("cannot write its index");
  expect(told.size).toBeGreaterThan(5);
  await full.kill();
  await expectTold((await serve(directory)).container, told);
});

interface LokiCollection {
  insert(document: object): void;
  update(document: object): void;
  find(query?: object): { $loki: number; k: number; v: number }[];
  findAndRemove(query: object): void;
}

/** As Azurite's stores use it. */
interface Loki extends LokiDatabase {
  getCollection(name: string): LokiCollection | null;
  addCollection(name: string, options: object): LokiCollection;
  removeCollection(name: string): void;
}

const load = createRequire(createRequire(import.meta.url).resolve("azurite/package.json"));
const LokiJs = load("lokijs") as new (file: string, options: object) => Loki;

/** The whole index is rewritten every few changes, so that a journal meets it at every stage. */
function openIndex(file: string): { db: Loki; save: () => void } {
  const db = new LokiJs(file, { persistenceMethod: "fs", autosave: true, autosaveInterval: 5000 });
  const save = keepJournal(db, 400);
  const fail = (error?: unknown) => {
    if (error !== undefined) throw error as Error;
  };
  if (existsSync(file)) db.loadDatabase({}, fail);
  db.saveDatabase(fail);
  return { db, save };
}

const documents = ({ collections }: LokiDatabase): Record<string, unknown[]> =>
  Object.fromEntries(
    collections.map(({ name, data }) => [
      name,
      data
        .map((document) => document as unknown as { $loki: number; k: number; v: number })
        .map(({ $loki, k, v }) => ({ $loki, k, v }))
        .sort((a, b) => a.$loki - b.$loki),
    ]),
  );

const name = fc.constantFrom("a", "b");
const k = fc.integer({ min: 0, max: 4 });
const step = fc.oneof(
  fc.record({ does: fc.constant("add"), name }),
  fc.record({ does: fc.constant("drop"), name }),
  { weight: 6, arbitrary: fc.record({ does: fc.constant("insert"), name, k, v: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("update"), name, k, v: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("remove"), name, k }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constantFrom("save", "kill", "kill in a write", "close") }) },
);

test("an index is, after a kill at any moment, what it was when it was last saved", () => {
  const directory = makeDirectory();
  let run = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 15, maxLength: 60 }), (steps) => {
      const file = join(directory, `${run++}.json`);
      let { db, save } = openIndex(file);
      let kept = documents(db);
      for (const one of steps) {
        const collection = "name" in one ? db.getCollection(one.name) : null;
        if (one.does === "add" && "name" in one) db.addCollection(one.name, { indices: ["k"] });
        if (one.does === "drop" && "name" in one && collection) db.removeCollection(one.name);
        if (one.does === "insert" && "v" in one) collection?.insert({ k: one.k, v: one.v });
        if (one.does === "update" && "v" in one)
          for (const document of collection?.find({ k: one.k }) ?? []) {
            document.v = one.v;
            collection?.update(document);
          }
        if (one.does === "remove" && "k" in one) collection?.findAndRemove({ k: one.k });
        if (one.does === "save") {
          save();
          kept = documents(db);
        }
        if (one.does === "close") {
          kept = documents(db);
          db.close();
        }
        if (one.does === "kill in a write")
          appendFileSync(`${file}.journal`, '{"collection":"a","maxId":99,"pu');
        if (one.does.startsWith("kill") || one.does === "close") {
          ({ db, save } = openIndex(file));
          expect(documents(db)).toEqual(kept);
          for (const { name: each, data } of db.collections) {
            // Sets: in which order an index holds equal keys is its own affair.
            const wanted = (data as unknown as { k: number }[]).filter((document) => document.k === 2);
            expect(new Set(db.getCollection(each)?.find({ k: 2 }))).toEqual(new Set(wanted));
          }
        }
      }
      db.close();
    }),
    { numRuns: 60 },
  );
});
