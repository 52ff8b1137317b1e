/** An id that reaches an adapter says what it must be of; another kind's would name something else in the same group. */
import { describe, expect, test } from "vitest";
import { arm, locate } from "../../../src/adapters/arm/client.js";

const GROUP = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute";
const cloud = arm({ endpoint: "http://127.0.0.1:1", credential: { getToken: () => Promise.resolve(null) } });

describe("an id", () => {
  test.each([
    ["disks", "disks/web", ["web"]],
    ["galleries/images", "galleries/g/images/web", ["g", "web"]],
    ["galleries/images/versions", "galleries/g/images/web/versions/1.0.0", ["g", "web", "1.0.0"]],
    ["virtualMachines", "VIRTUALMACHINES/web", ["web"]],
  ])("of %s gives a name for each segment of its type: %s", (type, id, names) => {
    expect(locate(cloud, `${GROUP}/${id}`, type)).toMatchObject({ group: "rg", names });
  });

  test.each([
    ["of another kind", "disks", "snapshots/web", /^Not an id of disks: .*\/snapshots\/web$/],
    ["of what it lies in", "galleries/images/versions", "galleries/g/images/web", /^Not an id of galleries/],
    ["of what lies in it", "virtualMachines", "virtualMachines/web/runCommands/x", /^Not an id of virtualM/],
    ["with a name left out", "galleries/images", "galleries/g/images/", /^Not a resource id/],
  ])("%s is refused by name", (_what, type, id, said) => {
    expect(() => locate(cloud, `${GROUP}/${id}`, type)).toThrow(said);
  });
});
