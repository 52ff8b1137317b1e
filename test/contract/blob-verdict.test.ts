import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { examineDrop } from "../../src/contracts/import-activities.js";
import { activitiesOn, DROP, openAccount, portsOn, type Account } from "../support/storage-account.js";

let account: Account;
beforeAll(async () => (account = await openAccount()));
afterAll(() => account.close());

async function examined(blob: string) {
  const state = await portsOn(account.service).drops.look({ container: DROP, blob });
  if (state === undefined) throw new Error(`${blob} was not dropped.`);
  const visit = { runId: "r", lun: -1, drop: state.drop, purpose: "any" as const };
  return { before: state.drop.etag, outcome: await activitiesOn(account.service)(examineDrop, visit) };
}

describe("a file that is not a disk", () => {
  test("is refused with the doctor's code, the place and the remedy", async () => {
    await account.dropBlock("renamed.vhd", Buffer.concat([Buffer.from("vhdxfile"), Buffer.alloc(70_000)]));
    const { outcome } = await examined("renamed.vhd");
    expect(outcome).toMatchObject({ status: "refused", code: "VHD_FORMAT_VHDX" });
    expect((outcome as { remedy: string }).remedy).toContain("Convert-VHD");
  });

  test("gets a verdict beside it and a tag, and stays unchanged: a second look finds the same content", async () => {
    await account.dropBlock("team/page.vhd", Buffer.from("<html>404</html>".padEnd(600)));
    const { before } = await examined("team/page.vhd");
    const verdict = JSON.parse(
      String(await account.dropped("team/page.vhd.verdict.json").downloadToBuffer()),
    ) as object;
    expect(verdict).toMatchObject({ verdict: "refused", codes: ["FORMAT_TEXT"] });
    const { tags } = await account.dropped("team/page.vhd").getTags();
    expect(tags).toEqual({ "vmimage-verdict": "refused FORMAT_TEXT" });
    expect((await account.dropped("team/page.vhd").getProperties()).etag).toBe(before);
  });

  test("is refused even if nothing can be written beside it", async () => {
    await account.dropBlock("locked.vhd", Buffer.from("PK\x03\x04".padEnd(600)));
    // Somebody else holds what the verdict would be written to.
    await account.dropBlock("locked.vhd.verdict.json", Buffer.from("{}"));
    await account.dropped("locked.vhd.verdict.json").getBlobLeaseClient().acquireLease(-1);
    const { outcome } = await examined("locked.vhd");
    expect(outcome).toMatchObject({ status: "refused", code: "VHD_FORMAT_ZIP" });
    expect((outcome as { message: string }).message).toContain("could not be written beside it");
    const { tags } = await account.dropped("locked.vhd").getTags();
    expect(tags).toEqual({ "vmimage-verdict": "refused FORMAT_ZIP" });
  });
});
