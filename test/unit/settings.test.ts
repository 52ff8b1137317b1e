import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BadSettings, readSettings, settingNames } from "../../src/settings.js";

const sample = JSON.parse(
  readFileSync(new URL("../../local.settings.sample.json", import.meta.url), "utf8"),
) as {
  Values: Record<string, string>;
};

/** What the host and its extensions read, and the app does not. */
const HOSTS_OWN = ["FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"];
/** Given instead of connection strings in Azure, where there is an identity. */
const AZURES_OWN = ["DropStorage__blobServiceUri", "ServiceBus__fullyQualifiedNamespace"];

test("the sample file names every setting, and no other", () => {
  const named = Object.keys(sample.Values).filter((name) => !HOSTS_OWN.includes(name));
  expect(named.sort()).toEqual(settingNames.filter((name) => !AZURES_OWN.includes(name)).sort());
});

test("the sample file is good as it is", () => expect(() => readSettings(sample.Values)).not.toThrow());

test("work subnets are one or several, or none", () => {
  const [one = ""] = readSettings(sample.Values).WORK_SUBNET_ID;
  const other = one.replace("/isolated/", "/isolated-north/");
  const read = (WORK_SUBNET_ID: string) => readSettings({ ...sample.Values, WORK_SUBNET_ID }).WORK_SUBNET_ID;
  expect(read(`${one},\n ${other}`)).toEqual([one, other]);
  expect(read("")).toEqual([]);
});

describe("a wrong setting is named with what it must be:", () => {
  const rows: readonly (readonly [why: string, change: Record<string, string | undefined>, said: RegExp])[] =
    [
      ["no storage account at all", { DropStorage: undefined }, /DropStorage: give either/],
      [
        "two ways to the storage account",
        { DropStorage__blobServiceUri: "https://x.blob.core.windows.net" },
        /DropStorage: give either/,
      ],
      [
        "an account by name instead of id",
        { DROP_STORAGE_ACCOUNT_ID: "devstore" },
        /DROP_STORAGE_ACCOUNT_ID: must be an id/,
      ],
      [
        "a container that Azure would refuse",
        { DROP_CONTAINER: "Drop_Here" },
        /DROP_CONTAINER: must be a container name/,
      ],
      [
        "an ARM endpoint that is not this machine: no token goes to strangers",
        { ARM_ENDPOINT: "http://example.com" },
        /ARM_ENDPOINT: must be http:\/\/127/,
      ],
      [
        "one subnet of two that is none",
        { WORK_SUBNET_ID: `${sample.Values["WORK_SUBNET_ID"] ?? ""}, work` },
        /WORK_SUBNET_ID: must be the id/,
      ],
      [
        "two subnets of one network",
        {
          WORK_SUBNET_ID: ["a", "b"].map((name) => `${sample.Values["WORK_SUBNET_ID"] ?? ""}-${name}`).join(),
        },
        /WORK_SUBNET_ID: contains two subnets of the same network/,
      ],
      [
        "an allowed target that is neither gallery nor group",
        { ALLOWED_TARGETS: "/subscriptions/s" },
        /ALLOWED_TARGETS: must be ids of galleries/,
      ],
      [
        "allowed targets without the one of imports",
        { ALLOWED_TARGETS: `${sample.Values["IMPORT_TARGET_ID"] ?? ""}-of-others` },
        /ALLOWED_TARGETS: does not include IMPORT_TARGET_ID/,
      ],
      ["a topic in no namespace", { ServiceBus: undefined }, /EVENTS_TOPIC: needs the connection string/],
      ["a number that is none", { MEND_CONCURRENCY: "many" }, /MEND_CONCURRENCY/],
      [
        "a target that is neither gallery nor group",
        { IMPORT_TARGET_ID: "/subscriptions/s" },
        /IMPORT_TARGET_ID: must be the id of a gallery/,
      ],
    ];
  test.each(rows)("%s", (_why, change, said) => {
    expect(() => readSettings({ ...sample.Values, ...change })).toThrow(said);
  });

  test("three at once, in one message", () => {
    const wrong = {
      ...sample.Values,
      DROP_CONTAINER: "X",
      IMPORT_LOCATION: "West Europe",
      CAPTURE_QUEUE: "",
    };
    try {
      readSettings(wrong);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(BadSettings);
      expect((error as Error).message.split("\n").filter((line) => line.startsWith("  "))).toHaveLength(3);
    }
  });
});
