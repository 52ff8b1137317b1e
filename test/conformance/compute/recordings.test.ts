/**
 * The simulator's answers against the real service's. `FACTS` states for each operation what public recordings show:
 * status, which status URLs, provisioning state of the echo. Where the recordings themselves are at hand, the facts
 * are checked against them too, so that they cannot drift.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, GROUP, startBench, WEST, freshVm } from "./support.js";

const REFERENCE = path.resolve("../shared/reference/arm");
const COMPUTE = "providers/Microsoft.Compute";
const API = "?api-version=2024-07-01";

interface Fact {
  readonly file: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
  readonly location: boolean;
  readonly family: "operations" | "DiskOperations" | "capsOperations";
  readonly echo?: string;
  readonly output?: boolean;
}

const empty = { location: WEST, properties: { creationData: { createOption: "Empty" }, diskSizeGB: 4 } };
const definition = {
  location: WEST,
  properties: {
    osType: "Linux",
    osState: "Generalized",
    hyperVGeneration: "V2",
    identifier: { publisher: "p", offer: "o", sku: "s" },
  },
};

/** In this order: later ones stand on earlier ones. */
const facts = (id: (rest: string) => string, subnetId: string): readonly Fact[] => {
  const op = (
    file: string,
    method: string,
    rest: string,
    status: number,
    family: Fact["family"],
    more: Partial<Fact> = {},
  ): Fact => ({
    file,
    method,
    path: id(rest),
    ...{ status, family, location: status === 202, ...more },
  });
  return [
    op("PUT_rg.virtualmachines", "PUT", "virtualMachines/vm", 201, "operations", {
      body: freshVm(subnetId),
      echo: "Creating",
    }),
    op("PUT_rg.virtualmachines.runcommands", "PUT", "virtualMachines/vm/runCommands/c", 201, "operations", {
      body: { location: WEST, properties: { source: { script: "id" } } },
      echo: "Creating",
    }),
    op(
      "PATCH_rg.virtualmachines.runcommands",
      "PATCH",
      "virtualMachines/vm/runCommands/c",
      200,
      "operations",
      { body: { properties: { source: { script: "ls" } } }, echo: "Updating" },
    ),
    op(
      "DELETE_rg.virtualmachines.runcommands",
      "DELETE",
      "virtualMachines/vm/runCommands/c",
      202,
      "operations",
    ),
    op("POST_rg.virtualmachines.runcommand", "POST", "virtualMachines/vm/runCommand", 202, "operations", {
      body: { commandId: "RunShellScript", script: ["id"] },
      output: true,
    }),
    op("PATCH_rg.virtualmachines", "PATCH", "virtualMachines/vm", 200, "operations", {
      body: { tags: { a: "b" } },
      echo: "Updating",
    }),
    op("POST_rg.virtualmachines.restart", "POST", "virtualMachines/vm/restart", 202, "operations"),
    op("POST_rg.virtualmachines.reapply", "POST", "virtualMachines/vm/reapply", 202, "operations"),
    op("POST_rg.virtualmachines.redeploy", "POST", "virtualMachines/vm/redeploy", 202, "operations"),
    op("POST_rg.virtualmachines.poweroff", "POST", "virtualMachines/vm/powerOff", 202, "operations"),
    op("POST_rg.virtualmachines.start", "POST", "virtualMachines/vm/start", 202, "operations"),
    op("POST_rg.virtualmachines.deallocate", "POST", "virtualMachines/vm/deallocate", 202, "operations"),
    op("PUT_rg.disks", "PUT", "disks/d", 202, "DiskOperations", {
      body: empty,
      echo: "Updating",
      output: true,
    }),
    op("POST_rg.disks.begingetaccess", "POST", "disks/d/beginGetAccess", 202, "DiskOperations", {
      body: { access: "Read", durationInSeconds: 60 },
      output: true,
    }),
    op("POST_rg.disks.endgetaccess", "POST", "disks/d/endGetAccess", 202, "DiskOperations"),
    op("PUT_rg.snapshots", "PUT", "snapshots/s", 202, "DiskOperations", {
      body: empty,
      echo: "Updating",
      output: true,
    }),
    op("POST_rg.snapshots.begingetaccess", "POST", "snapshots/s/beginGetAccess", 202, "DiskOperations", {
      body: { access: "Read", durationInSeconds: 60 },
      output: true,
    }),
    op("POST_rg.snapshots.endgetaccess", "POST", "snapshots/s/endGetAccess", 202, "DiskOperations"),
    op("DELETE_rg.snapshots", "DELETE", "snapshots/s", 202, "DiskOperations"),
    op("DELETE_rg.disks", "DELETE", "disks/d", 202, "DiskOperations"),
    op(
      "PUT_rg.restorepointcollections.restorepoints",
      "PUT",
      "restorePointCollections/rpc/restorePoints/rp",
      201,
      "operations",
      { body: {}, echo: "Creating" },
    ),
    op(
      "DELETE_rg.restorepointcollections.restorepoints",
      "DELETE",
      "restorePointCollections/rpc/restorePoints/rp",
      202,
      "operations",
    ),
    op("DELETE_rg.restorepointcollections", "DELETE", "restorePointCollections/rpc", 202, "operations"),
    op("PUT_rg.galleries", "PUT", "galleries/g", 201, "capsOperations", {
      body: {
        location: WEST,
        properties: {
          sharingProfile: { permissions: "Community", communityGalleryInfo: { publicNamePrefix: "p" } },
        },
      },
      echo: "Creating",
    }),
    op("POST_rg.galleries.share", "POST", "galleries/g/share", 202, "capsOperations", {
      body: { operationType: "EnableCommunity" },
    }),
    op("PUT_rg.galleries.images", "PUT", "galleries/g/images/i", 201, "capsOperations", {
      body: definition,
      echo: "Creating",
    }),
    op("PUT_rg.images", "PUT", "images/i", 201, "operations", {
      body: {
        location: WEST,
        properties: { sourceVirtualMachine: { id: id("virtualMachines/vm").split("?")[0] } },
      },
      echo: "Creating",
    }),
    op(
      "PUT_rg.galleries.images.versions",
      "PUT",
      "galleries/g/images/i/versions/1.0.0",
      201,
      "capsOperations",
      {
        body: {
          location: WEST,
          properties: { storageProfile: { source: { id: id("images/i").split("?")[0] } } },
        },
        echo: "Creating",
      },
    ),
    op(
      "DELETE_rg.galleries.images.versions",
      "DELETE",
      "galleries/g/images/i/versions/1.0.0",
      202,
      "capsOperations",
    ),
    op("DELETE_rg.galleries.images", "DELETE", "galleries/g/images/i", 202, "capsOperations"),
    op("DELETE_rg.galleries", "DELETE", "galleries/g", 202, "capsOperations"),
    op("DELETE_rg.images", "DELETE", "images/i", 202, "operations"),
    op("DELETE_rg.virtualmachines", "DELETE", "virtualMachines/vm", 202, "operations"),
  ];
};

let bench: Bench;
let all: readonly Fact[];
beforeAll(async () => {
  bench = await startBench();
  const base = `/subscriptions/${bench.simulator.subscriptionId}/resourceGroups/${GROUP}/${COMPUTE}`;
  all = facts((rest) => `${base}/${rest}${API}`, bench.networkId("virtualNetworks", "vnet/subnets/default"));
});
afterAll(() => bench.stop());

const pathOf = (url: string | null): string => {
  const { pathname, search } = new URL(url ?? "");
  return pathname + search;
};

describe("every operation", () => {
  it("is answered as recorded: status, status URLs, echo, poll bodies, result", async () => {
    for (const fact of all) {
      const what = `${fact.method} ${fact.path}`;
      if (fact.file === "PUT_rg.images")
        await bench.call("POST", fact.path.replace("images/i", "virtualMachines/vm/generalize"));
      if (fact.file.endsWith("restorepoints") && fact.method === "PUT") {
        const source = { id: fact.path.replace(/restorePointCollections.*/, "virtualMachines/vm") };
        const made = await bench.call("PUT", fact.path.replace("/restorePoints/rp", ""), {
          location: WEST,
          properties: { source },
        });
        expect([made.status, made.headers.has("azure-asyncoperation")]).toEqual([201, false]);
      }
      const started = await bench.call(fact.method, fact.path, fact.body);
      expect(started.status, `${what}: ${JSON.stringify(started.body)}`).toBe(fact.status);
      const url = started.headers.get("azure-asyncoperation");
      expect(url, what).toContain(`/providers/Microsoft.Compute/locations/${WEST}/${fact.family}/`);
      expect(started.headers.has("location"), what).toBe(fact.location);
      for (const header of ["x-ms-request-id", "x-ms-correlation-request-id"])
        expect(started.headers.has(header)).toBe(true);
      expect(
        (started.body as { properties?: { provisioningState?: string } } | undefined)?.properties
          ?.provisioningState,
        what,
      ).toBe(fact.echo);
      expect(JSON.stringify(started.body ?? null)).not.toContain("never shown");
      const running = await bench.call("GET", pathOf(url));
      expect(running.status).toBe(200);
      expect(Object.keys(running.body as object), what).toEqual(["startTime", "status", "name"]);
      if (fact.location) {
        const early = await bench.call("GET", pathOf(started.headers.get("location")));
        expect([early.status, early.body, early.headers.has("location")], what).toEqual([
          202,
          undefined,
          true,
        ]);
      }
      await bench.pass(700);
      const done = await bench.call("GET", pathOf(url));
      expect(Object.keys(done.body as object), what).toEqual([
        "startTime",
        "endTime",
        "status",
        ...(fact.output === true ? ["properties"] : []),
        "name",
      ]);
      expect(done.body).toMatchObject({
        status: "Succeeded",
        startTime: expect.stringMatching(/^\d{4}-.*\.\d{7}\+00:00$/) as string,
      });
      if (fact.location && fact.output !== true) {
        const late = await bench.call("GET", pathOf(started.headers.get("location")));
        expect([late.status, late.body], what).toEqual([200, undefined]);
      }
    }
  });

  it("covers every recorded operation, and its facts are those of the recordings where they are at hand", () => {
    expect(new Set(all.map(({ file }) => file)).size).toBe(all.length);
    if (!existsSync(REFERENCE)) return;
    const outside =
      /diskaccesses|diskencryptionsets|applications|extensions|capture|converttomanageddisks|reimage|DELETE_rg\.json|_manifest/;
    for (const name of readdirSync(path.join(REFERENCE, "operations")).filter(
      (file) => !outside.test(file),
    )) {
      const recorded = JSON.parse(
        readFileSync(path.join(REFERENCE, "operations", name), "utf8"),
      ) as Recorded[];
      const fact = all.find(({ file }) => `${file}.json` === name);
      expect(fact, name).toBeDefined();
      const sameKind = recorded.filter(({ initial }) => initial.status === fact?.status);
      expect(sameKind, name).not.toEqual([]);
      for (const { initial, polls } of sameKind) {
        expect(initial.headers["azure-asyncoperation"], name).toContain(`/${fact?.family ?? ""}/`);
        expect("location" in initial.headers, name).toBe(fact?.location);
        expect(initial.responseBody?.properties?.provisioningState, name).toBe(fact?.echo);
        for (const { body } of polls.filter(({ bodyStatus }) => bodyStatus === "Succeeded")) {
          expect(Object.keys(body).includes("properties"), name).toBe(fact?.output ?? false);
        }
      }
    }
  });
});

interface Recorded {
  readonly initial: {
    readonly status: number;
    readonly headers: Record<string, string>;
    readonly responseBody: { properties?: { provisioningState?: string } } | null;
  };
  readonly polls: readonly { readonly bodyStatus: string; readonly body: object }[];
}
