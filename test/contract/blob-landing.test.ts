import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lookAtDrop, type Look } from "../../src/contracts/import-activities.js";
import { importRunId } from "../../src/domain/import/run-id.js";
import { value } from "../support/mend-drop.js";
import { activitiesOn, DROP, openAccount, portsOn, type Account } from "../support/storage-account.js";
import { MIB, fixedVhd } from "../support/vhd-builder.js";

let account: Account;
beforeAll(async () => (account = await openAccount()));
afterAll(() => account.close());

const small = Buffer.alloc(600, "any bytes: landing does not judge them");
const text = (json: unknown) => Buffer.from(typeof json === "string" ? json : JSON.stringify(json));

const ask = (
  blob: string,
  before: Record<string, string> = {},
  runId = `run-of-${blob}`,
  waitedSeconds = 60,
) =>
  activitiesOn(account.service)(lookAtDrop, {
    runId,
    source: { container: DROP, blob },
    before,
    waitedSeconds,
  });
/** Two looks, as the runbook takes them. */
async function twoLooks(blob: string, runId?: string): Promise<Look> {
  const first = value(await ask(blob, {}, runId));
  return first.state === "arriving" ? value(await ask(blob, first.seen, runId)) : first;
}

describe("a dropped disk", () => {
  test("has landed when a second look finds the same content", async () => {
    await account.dropBlock("still.vhd", small);
    const first = value(await ask("still.vhd"));
    expect(first).toMatchObject({ state: "arriving" });
    const second = await twoLooks("still.vhd");
    expect(second).toMatchObject({
      state: "landed",
      disks: [
        {
          lun: -1,
          caching: "ReadWrite",
          drop: { blob: "still.vhd", blobKind: "block", sizeBytes: small.length },
        },
      ],
    });
  });

  test("has not while it changes from look to look", async () => {
    await account.dropBlock("moving.vhd", small);
    const first = value(await ask("moving.vhd"));
    await account.dropBlock("moving.vhd", Buffer.concat([small, small]));
    if (first.state !== "arriving") throw new Error("too soon");
    expect(value(await ask("moving.vhd", first.seen))).toMatchObject({
      state: "arriving",
      because: "moving.vhd: it is still being written",
    });
  });

  test("has not while it is leased", async () => {
    await account.dropBlock("leased.vhd", small);
    const lease = account.dropped("leased.vhd").getBlobLeaseClient();
    await lease.acquireLease(-1);
    expect(await twoLooks("leased.vhd")).toMatchObject({ state: "arriving" });
    await lease.releaseLease();
    expect(await twoLooks("leased.vhd")).toMatchObject({ state: "landed" });
  });

  test("has not while a page blob, at its full length, still begins and ends with zeros", async () => {
    const blob = account.service.getContainerClient(DROP).getPageBlobClient("growing.vhd");
    await blob.create(20 * MIB + 512);
    expect(await twoLooks("growing.vhd")).toMatchObject({
      state: "arriving",
      because: "growing.vhd: its last bytes have not come yet",
    });
    const again = value(await ask("growing.vhd"));
    const seen = again.state === "arriving" ? again.seen : {};
    const patient = await ask("growing.vhd", seen, "run-of-growing.vhd", 601);
    // An upload that stands still for so long is the doctor's case.
    expect(value(patient)).toMatchObject({ state: "landed" });
    const footer = fixedVhd({ disk: Buffer.alloc(512), footer: { size: 20 * MIB } }).subarray(-512);
    await blob.uploadPages(footer, 20 * MIB, 512);
    expect(await twoLooks("growing.vhd")).toMatchObject({ state: "landed" });
  });

  test("that is gone refuses the run", async () => {
    expect(await ask("never.vhd")).toMatchObject({ status: "refused", code: "SOURCE_GONE" });
  });

  test("is imported by the first run that finds this content complete, and by no other", async () => {
    await account.dropBlock("once.vhd", small);
    expect(await twoLooks("once.vhd", "first")).toMatchObject({ state: "landed" });
    expect(await twoLooks("once.vhd", "second")).toMatchObject({ state: "handed-over", handedTo: "first" });
    expect(await twoLooks("once.vhd", "first")).toMatchObject({ state: "landed" });
    await account.dropBlock("once.vhd", Buffer.from("new content"));
    expect(await twoLooks("once.vhd", "second")).toMatchObject({ state: "landed" });
  });

  test("may carry its description in its metadata", async () => {
    await account.dropBlock("told.vhd", small, { vmimage: '{"os":{"type":"Windows","generation":"V1"}}' });
    expect(await twoLooks("told.vhd")).toMatchObject({
      description: { os: { type: "Windows", generation: "V1" } },
    });
  });
});

describe("a description beside disks", () => {
  test("makes one image of all the disks that it names, with LUN and caching", async () => {
    await account.dropBlock("shop/os.vhd", small);
    await account.dropBlock("shop/data.vhd", small);
    await account.dropBlock(
      "shop/shop.image.json",
      text({
        osDisk: { file: "os.vhd" },
        dataDisks: [{ file: "data.vhd", lun: 4, caching: "None" }],
        tags: { a: "b" },
      }),
    );
    expect(await twoLooks("shop/shop.image.json")).toMatchObject({
      state: "landed",
      disks: [
        { lun: -1, caching: "ReadWrite", drop: { blob: "shop/os.vhd" } },
        { lun: 4, caching: "None", drop: { blob: "shop/data.vhd" } },
      ],
      description: { tags: { a: "b" } },
    });
  });

  test.each(["shop2/os.vhd", "shop2/data.vhd"])("takes %s over from its own run", async (blob) => {
    const description = text({ osDisk: { file: "os.vhd" }, dataDisks: [{ file: "data.vhd", lun: 0 }] });
    await account.dropBlock("shop2/all.image.json", description);
    await account.dropBlock(blob, small);
    const { drop } = (await portsOn(account.service).drops.look({
      container: DROP,
      blob: "shop2/all.image.json",
    }))!;
    expect(value(await ask(blob))).toMatchObject({ state: "handed-over", handedTo: importRunId(drop) });
  });

  test("leaves alone what it does not name, in its folder and in others", async () => {
    await account.dropBlock("a/web.image.json", text({}));
    await account.dropBlock("a/other.vhd", small);
    await account.dropBlock("b/web.vhd", small);
    expect(await twoLooks("a/other.vhd")).toMatchObject({ state: "landed" });
    expect(await twoLooks("b/web.vhd")).toMatchObject({ state: "landed" });
  });

  test("waits for a disk that is not there yet", async () => {
    await account.dropBlock("early.image.json", text({}));
    expect(await twoLooks("early.image.json")).toMatchObject({
      state: "arriving",
      because: "early.vhd: it is not there yet",
    });
    await account.dropBlock("early.vhd", small);
    expect(await twoLooks("early.image.json")).toMatchObject({ state: "landed" });
  });

  test("with size and MD5 makes a single look sufficient", async () => {
    const md5 = createHash("md5").update(small).digest();
    await account.dropBlock(
      "sure.image.json",
      text({ osDisk: { file: "sure.vhd", sizeBytes: small.length, md5: md5.toString("base64") } }),
    );
    const blob = account.service.getContainerClient(DROP).getBlockBlobClient("sure.vhd");
    await blob.upload(small, small.length, { blobHTTPHeaders: { blobContentMD5: md5 } });
    expect(value(await ask("sure.image.json"))).toMatchObject({ state: "landed" });
  });

  const elsewhere = text({
    target: {
      kind: "managed-image",
      imageId: "/subscriptions/s/resourceGroups/theirs/providers/Microsoft.Compute/images/web",
    },
  });
  test.each([
    ["a description", "away.image.json", elsewhere, {}],
    ["metadata", "far.vhd", small, { vmimage: elsewhere.toString() }],
  ])("that names a place that is not allowed is refused at once: %s", async (_, blob, content, metadata) => {
    await account.dropBlock(blob, content, metadata);
    const allowedTargets = ["/subscriptions/s/resourceGroups/images"];
    const question = { runId: "r", source: { container: DROP, blob }, before: {}, waitedSeconds: 0 };
    const outcome = await activitiesOn(account.service, { allowedTargets })(lookAtDrop, question);
    expect(outcome).toMatchObject({ status: "refused", code: "TARGET_NOT_ALLOWED" });
    expect(await ask(blob)).toMatchObject({ status: "done" });
  });

  test.each([
    ["not JSON", "{oops", /not JSON/],
    ["an unknown field", { osDisc: {} }, /osDisc/],
    ["a path for a file", { osDisk: { file: "../x.vhd" } }, /osDisk\.file/],
    [
      "a LUN twice",
      {
        dataDisks: [
          { file: "a.vhd", lun: 1 },
          { file: "b.vhd", lun: 1 },
        ],
      },
      /LUN 1 is already in use/,
    ],
    ["one file twice", { osDisk: { file: "a.vhd" }, dataDisks: [{ file: "A.vhd", lun: 1 }] }, /listed twice/],
    ["too much", "x".repeat(70_000), /65536 are read/],
  ])("that has %s is refused with the place and the remedy", async (name, json, problem) => {
    const blob = `bad ${name}.image.json`;
    await account.dropBlock(blob, text(json));
    const outcome = await ask(blob);
    expect(outcome).toMatchObject({ status: "refused", code: "MANIFEST_INVALID" });
    expect((outcome as { message: string }).message).toMatch(problem);
  });
});
