/**
 * Each thing that a preflight on Azure's side looks for, once: what stands in the simulated Azure, what a dry run says of
 * it by the real adapters and Microsoft's SDK, and that a real run is refused where the dry run blocks. Nobody writes anything.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CaptureInput } from "../../src/contracts/capture-run.js";
import type { Check } from "../../src/domain/preflight.js";
import type { Cloud } from "../support/arm-cloud.js";
import { openCloud } from "../support/arm-cloud.js";
import { playCapture, webCapture } from "../support/arm-web.js";
import { ELSEWHERE, FORBIDDEN, OURS, PREFLIGHT_SEED } from "../support/preflight-seed.js";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await openCloud(PREFLIGHT_SEED);
  await cloud.client.virtualMachines.generalize("rg", "plain");
  await cloud.client.images
    .createOrUpdate("rg", "taken", {
      location: "westeurope",
      sourceVirtualMachine: { id: cloud.id("virtualMachines", "plain") },
    })
    .submitted();
  const source = { virtualMachineId: cloud.id("virtualMachines", "plain") };
  await cloud.client.galleryImageVersions
    .createOrUpdate("rg", "g", "plain", "1.0.0", { location: "westeurope", storageProfile: { source } })
    .submitted();
  await cloud.local("POST", "scenarios", {
    match: { operation: "virtualMachines/update", name: "ill" },
    act: { lroFail: { code: "InternalExecutionError", message: "no" } },
  });
  await cloud.client.virtualMachines.update("rg", "ill", { tags: {} }).submitted();
  await cloud.local("POST", "scenarios", {
    match: { path: "locations/westmars" },
    act: { fail: { status: 400, code: "NoRegisteredProviderFound", message: "No westmars." } },
  });
  await cloud.passTo(cloud.now() + 3_600_000);
});
afterAll(() => cloud.close());

/** Why, the source VM, what its request asks for besides, the check, its verdict, and a word of what it says. */
const TABLE = `
a customer's key of the source, used at home              | keyed          |                                                                                        | keys-fit                       | pass    |
and in a region for which no set is named                 | keyed          | {"to": {"regions": [{"name": "northeurope"}]}}                                         | keys-fit                       | block   | northeurope
an OS image without the disk that is under a key          | keyed          | {"image": {"kind": "os-image"}, "to": {"regions": [{"name": "northeurope"}]}}          | keys-fit                       | pass    |
and in one for which a set is named                       | keyed          | {"to": {"regions": [{"name": "northeurope", "encryptionSetId": "${OURS}"}]}}           | keys-fit                       | pass    |
a set in another subscription than the gallery            | running        | {"to": {"regions": [{"name": "northeurope", "encryptionSetId": "${ELSEWHERE}"}]}}      | keys-fit                       | block   | theirs
a set that may not be read                                | running        | {"to": {"regions": [{"name": "northeurope", "encryptionSetId": "${FORBIDDEN}"}]}}      | may-use-the-keys-of-shut       | block   | diskEncryptionSets/read
a set of the source that may                              | keyed          |                                                                                        | may-use-the-keys-of-west       | pass    |
a VM whose last operation failed                          | ill            |                                                                                        | azure-is-done-with-it          | warn    | failed
a copy of a VM that is marked generalized would not start | plain          |                                                                                        | not-generalized-yet            | block   | marked as generalized
in place it is captured as it is                          | plain          | {"mode": "in-place"}                                                                   | not-generalized-yet            | pass    |
a stopped VM's copy is seen later                         | old            |                                                                                        | agent-answers                  | unknown | deallocated
a VM that runs and whose agent is silent                  | mute           |                                                                                        | agent-answers                  | block   | does not report
a VM that runs and answers                                | running        |                                                                                        | agent-answers                  | pass    |
in place a guest must run                                 | old            | {"mode": "in-place"}                                                                   | guest-runs                     | block   | deallocated
users of Windows stay whatever the request names           | windows        | {"guest": {"removeUsers": ["bob"]}}                                                    | users-can-be-removed           | block   | bob
users of Linux go                                         | running        | {"guest": {"removeUsers": ["bob"]}}                                                    | users-can-be-removed           | pass    |
an ephemeral OS disk                                      | ephemeral      |                                                                                        | os-disk-is-managed-and-durable | block   | ephemeral
Azure Disk Encryption of the OS disk                      | encrypted-os   |                                                                                        | no-guest-encryption            | block   | Encryption
Azure Disk Encryption of a data disk                      | encrypted-data |                                                                                        | no-guest-encryption            | block   | Encryption
a shared disk                                             | shared         |                                                                                        | no-shared-disks                | block   | shared_data_0
an Ultra disk                                             | ultra          |                                                                                        | no-ultra-disks                 | block   | ultra_data_0
a Premium v2 disk                                         | premium-v2     |                                                                                        | no-ultra-disks                 | block   | premium-v2_data_0
a data disk wider than a gallery takes                    | wide           |                                                                                        | data-disks-fit                 | block   | wide_data_0
which an OS image leaves out                              | wide           | {"image": {"kind": "os-image"}}                                                        | data-disks-fit                 | pass    |
a confidential VM                                         | confidential   |                                                                                        | security-type-fits-target      | block   | confidential
Trusted Launch into a managed image                       | trusted        | {"to": {"image": "new"}}                                                               | security-type-fits-target      | block   | TrustedLaunch
Trusted Launch into a definition that does not say so     | trusted        |                                                                                        | security-type-fits             | block   | TrustedLaunch
a standard VM into a definition of Trusted Launch alone   | running        | {"to": {"definition": "trusted"}}                                                      | security-type-fits             | block   | TrustedLaunch
Trusted Launch into a definition that takes both          | trusted        | {"to": {"definition": "either"}}                                                       | security-type-fits             | pass    |
generation 1 into a definition of generation 2            | old            |                                                                                        | generation-fits                | block   | V1
Arm64 into a definition of x64                            | arm            |                                                                                        | architecture-fits              | block   | Arm64
Arm64 into a managed image                                | arm            | {"to": {"image": "new"}}                                                               | architecture-fits-target       | block   | Arm64
Arm64 into a definition of Arm64                          | arm            | {"to": {"definition": "arm"}}                                                          | architecture-fits              | pass    |
NVMe into a definition that is not marked for it          | nvme           |                                                                                        | disk-controller-fits           | block   | NVMe
NVMe into one that is                                     | nvme           | {"to": {"definition": "nvme"}}                                                         | disk-controller-fits           | pass    |
a definition that promises accelerated networking         | running        | {"to": {"definition": "fast"}}                                                         | accelerated-networking-fits    | warn    | accelerated
Windows into a definition of Linux                        | windows        |                                                                                        | os-type-fits                   | block   | Windows
a generalized image into a definition of specialized ones | running        | {"to": {"definition": "special"}}                                                      | os-state-fits                  | block   | specialized
a purchase plan that the definition lacks                 | paid           |                                                                                        | plan-fits                      | block   | contoso/shop/gold
another purchase plan                                     | paid           | {"to": {"definition": "other-plan"}}                                                   | plan-fits                      | block   | silver
a plan that only the definition has                       | running        | {"to": {"definition": "paid"}}                                                         | plan-fits                      | warn    | plan
the same purchase plan                                    | paid           | {"to": {"definition": "paid"}}                                                         | plan-fits                      | pass    |
a purchase plan into a managed image                      | paid           | {"to": {"image": "new"}}                                                               | plan-survives                  | warn    | contoso/shop/gold
a gallery that is not there                               | running        | {"to": {"gallery": "none"}}                                                            | gallery-exists                 | block   | does not exist
a definition that is not there                            | running        | {"to": {"definition": "none"}}                                                         | definition-exists              | block   | does not exist
a definition that is made                                 | running        | {"to": {"definition": "none", "create": {"publisher": "p", "offer": "o", "sku": "s"}}} | definition-exists              | pass    |
a name that Azure does not take                           | running        | {"to": {"definition": "web_", "create": {"publisher": "p", "offer": "o", "sku": "s"}}} | names                          | block   | web_
a version that exists                                     | running        | {"to": {"version": "1.0.0"}}                                                           | version-free                   | block   | 1.0.0
a managed image that exists                               | running        | {"to": {"image": "taken"}}                                                             | target-free                    | block   | taken
a region that is not                                      | running        | {"to": {"regions": [{"name": "westmars"}]}}                                            | region-westmars                | block   | westmars
a region that is                                          | running        | {"to": {"regions": [{"name": "North Europe"}]}}                                        | region-northeurope             | pass    |
a lock on the work group                                  | running        | {"workResourceGroup": "locked"}                                                        | locks                          | block   | no-delete
a read-only work group                                    | running        | {"workResourceGroup": "frozen"}                                                        | locks                          | block   | read-only
a read-only gallery                                       | running        | {"to": {"gallery": "frozen"}}                                                          | locks                          | block   | read-only
a source in place that may not be deleted                 | kept           | {"mode": "in-place", "sourceAfter": "delete", "workResourceGroup": "rg"}               | locks                          | block   | source VM
which a clone only reads                                  | kept           | {"workResourceGroup": "rg"}                                                            | locks                          | pass    |
a work group that is not there                            | running        | {"workResourceGroup": "none"}                                                          | may-make-scaffolding           | block   | resourceGroups/none
a right that no role has there                            | running        | {"workResourceGroup": "locked"}                                                        | may-make-scaffolding           | block   | disks/write
a family of sizes with too few cores                      | many-cores     |                                                                                        | cores                          | block   | standardESv5Family
a size that the subscription may not use                  | closed         |                                                                                        | cores                          | block   | NotAvailableForSubscription
a size that is closed in the VM's zone                    | zonal          |                                                                                        | cores                          | block   | zone 2
a size that is closed in other zones                      | other-zone     |                                                                                        | cores                          | pass    |
a subnet that is not there                                | running        | {"subnet": "isolated/subnets/none"}                                                    | subnet                         | block   | does not exist
a subnet without a free address                           | running        | {"subnet": "small/subnets/full"}                                                       | subnet                         | block   | 0 free
a subnet in another region than the VM                    | far            |                                                                                        | subnet                         | block   | westeurope
one of two subnets in the region of the VM                | far            | {"subnet": "isolated/subnets/work north/subnets/work"}                                 | subnet                         | pass    |
one of two, in the order that they are named              | running        | {"subnet": "isolated/subnets/work small/subnets/full"}                                 | subnet                         | pass    |
and none of two                                           | far            | {"subnet": "isolated/subnets/work small/subnets/full"}                                 | subnet                         | block   | small/full is in westeurope
`;

interface Request {
  readonly to?: Record<string, unknown>;
  /** Of WORK_SUBNET_ID, where it is not the usual one; several with blanks between them. */
  readonly subnet?: string;
  readonly [member: string]: unknown;
}

interface Row {
  readonly why: string;
  readonly vm: string;
  readonly request: Request;
  readonly check: string;
  readonly verdict: string;
  readonly word: string;
}

const rows = TABLE.trim()
  .split("\n")
  .map((line): Row => {
    const [why = "", vm = "", request = "", check = "", verdict = "", word = ""] = line
      .split("|")
      .map((cell) => cell.trim());
    return { why, vm, request: JSON.parse(request || "{}") as Request, check, verdict, word };
  });

function inputOf({ vm, request }: Pick<Row, "vm" | "request">): CaptureInput {
  const { to = {}, subnet, ...others } = request;
  const { gallery = "g", definition = "plain", image, ...options } = to as Record<string, string>;
  const home = gallery === "frozen" ? "frozen" : "rg";
  const target =
    image === undefined
      ? {
          kind: "gallery",
          definitionId: `${cloud.id("galleries", gallery, home)}/images/${definition}`,
          ...options,
        }
      : { kind: "managed-image", imageId: cloud.id("images", image) };
  const sourceVmId = cloud.id("virtualMachines", vm, vm === "kept" ? "locked" : "rg");
  const input = webCapture(cloud, { sourceVmId, target, ...others });
  return subnet === undefined
    ? input
    : {
        ...input,
        workSubnetIds: subnet.split(" ").map((name) => cloud.networkId("virtualNetworks", name)),
      };
}

async function dryRun({ vm, request }: Pick<Row, "vm" | "request">): Promise<readonly Check[]> {
  const input = inputOf({ vm, request: { ...request, dryRun: true } });
  const { status, result } = await playCapture(cloud, input);
  expect(status).toBe("succeeded");
  return (result as { checks: readonly Check[] }).checks;
}

const changes = async () =>
  (await cloud.writes()).filter(({ operation }) => operation !== "virtualMachines/runCommand");

describe("a preflight on Azure's side", () => {
  test.each(rows)("$why: $check is $verdict", async (row) => {
    const before = await changes();
    const check = (await dryRun(row)).find(({ id }) => id === row.check);
    expect(check?.verdict).toBe(row.verdict);
    expect(check?.detail).toContain(row.word);
    if (row.verdict !== "pass") expect(check?.remedy).toMatch(/\w{3}/);
    if (row.verdict === "block") {
      const { status, error, leftovers } = await playCapture(cloud, inputOf(row));
      expect({ status, leftovers }).toEqual({ status: "refused", leftovers: [] });
      expect(error).toMatchObject({ code: "VM_NOT_CAPTURABLE", stage: "preflight" });
      expect(error?.message).toContain(`${row.check}: `);
    }
    expect(await changes()).toEqual(before);
  });

  test("refuses a VM that is being deleted", async () => {
    await cloud.client.virtualMachines.delete("rg", "doomed").submitted();
    const { status, error } = await playCapture(cloud, inputOf({ vm: "doomed", request: {} }));
    expect(status).toBe("refused");
    expect(error?.message).toBe("azure-is-done-with-it: The VM is being deleted.");
  });

  test("passes every check if nothing blocks", async () => {
    const checks = await dryRun({ vm: "running", request: { testBoot: true } });
    expect(checks.filter(({ verdict }) => verdict !== "pass")).toEqual([]);
  });

  test("checks neither cores nor subnet if no VM is created", async () => {
    const request = { image: { state: "specialized" }, to: { definition: "special" } };
    const ids = (await dryRun({ vm: "many-cores", request })).map(({ id }) => id);
    expect(ids).not.toContain("cores");
    expect(ids).not.toContain("subnet");
  });
});
