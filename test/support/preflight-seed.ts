/** A simulated Azure with a VM, a gallery, a lock for each thing that a preflight looks for. */
import type { Seed } from "../../src/local/compute/compute.js";

const PLAN = { publisher: "contoso", product: "shop", name: "gold" };
const GROUPS = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups";
const SETS = "providers/Microsoft.Compute/diskEncryptionSets";
export const OURS = `${GROUPS}/rg/${SETS}/west`;
export const FORBIDDEN = `${GROUPS}/locked/${SETS}/shut`;
export const ELSEWHERE = `/subscriptions/00000000-0000-4000-8000-000000000002/resourceGroups/rg/${SETS}/theirs`;
type Vm = NonNullable<Seed["vms"]>[number];
/** Nothing of these runs but what a preflight asks Azure; a guest would only be asked in a dry run. */
const linux = (name: string, more: Partial<Vm> = {}): Vm => ({
  name,
  osType: "Linux",
  power: "deallocated",
  ...more,
});
const withDisk = (disk: Partial<NonNullable<Vm["dataDisks"]>[number]>): Partial<Vm> => ({
  dataDisks: [{ lun: 0, sizeGb: 8, ...disk }],
});
const definition = (name: string, more: Record<string, unknown> = {}) => ({
  name,
  osType: "Linux" as const,
  osState: "Generalized" as const,
  ...more,
});
const SECURITY = (value: string) => ({ features: [{ name: "SecurityType", value }] });

export const PREFLIGHT_SEED: Seed = {
  resourceGroups: [
    { name: "rg", location: "westeurope" },
    { name: "locked", location: "westeurope" },
    { name: "frozen", location: "westeurope" },
  ],
  virtualNetworks: [
    { name: "isolated", subnets: [{ name: "work" }] },
    { name: "north", location: "northeurope", subnets: [{ name: "work" }] },
    {
      name: "small",
      addressPrefix: "10.9.0.0/24",
      subnets: [{ name: "full", addressPrefix: "10.9.0.0/29" }],
    },
  ],
  vms: [
    linux("plain"),
    linux("ill"),
    linux("doomed"),
    linux("running", { power: "running" }),
    linux("mute", { power: "running", guest: { agentResponds: false } }),
    linux("ephemeral", { osDisk: { ephemeral: true } }),
    linux("encrypted-os", { osDisk: { guestEncrypted: true } }),
    linux("encrypted-data", withDisk({ guestEncrypted: true })),
    linux("shared", withDisk({ maxShares: 2 })),
    linux("keyed", withDisk({ encryptionSetId: OURS })),
    linux("ultra", withDisk({ sku: "UltraSSD_LRS" })),
    linux("premium-v2", withDisk({ sku: "PremiumV2_LRS" })),
    linux("wide", withDisk({ sizeGb: 2048 })),
    linux("confidential", { securityType: "ConfidentialVM" }),
    linux("trusted", { securityType: "TrustedLaunch" }),
    linux("arm", { architecture: "Arm64", size: "Standard_D2ps_v5" }),
    linux("old", { generation: "V1" }),
    linux("nvme", { diskControllerType: "NVMe", size: "Standard_D2ds_v6" }),
    linux("paid", { plan: PLAN }),
    linux("far", { location: "northeurope" }),
    linux("many-cores", { size: "Standard_E4s_v5" }),
    linux("closed", { size: "Standard_B2ms" }),
    linux("zonal", { size: "Standard_B2s", zones: ["2"] }),
    linux("other-zone", { size: "Standard_B2s", zones: ["3"] }),
    linux("kept", { resourceGroup: "locked" }),
    { name: "windows", osType: "Windows", power: "deallocated" },
    ...["a", "b", "c"].map((name) =>
      linux(`crowd-${name}`, {
        nic: {
          subnetId: `${GROUPS}/rg/providers/Microsoft.Network/virtualNetworks/small/subnets/full`,
        },
      }),
    ),
  ],
  galleries: [
    {
      name: "g",
      definitions: [
        definition("plain"),
        definition("trusted", SECURITY("TrustedLaunch")),
        definition("either", SECURITY("TrustedLaunchSupported")),
        definition("arm", { architecture: "Arm64" }),
        definition("nvme", { features: [{ name: "DiskControllerTypes", value: "SCSI,NVMe" }] }),
        definition("fast", { features: [{ name: "IsAcceleratedNetworkSupported", value: "True" }] }),
        definition("paid", { purchasePlan: PLAN }),
        definition("other-plan", { purchasePlan: { ...PLAN, name: "silver" } }),
        definition("special", { osState: "Specialized" }),
      ],
    },
    { name: "frozen", resourceGroup: "frozen", definitions: [definition("plain")] },
  ],
  locks: [
    { name: "no-delete", level: "CanNotDelete", scope: "resourceGroups/locked" },
    { name: "read-only", level: "ReadOnly", scope: "resourceGroups/frozen" },
  ],
  quotas: { standardESv5Family: 7 },
  closedSizes: [{ size: "Standard_B2ms" }, { size: "Standard_B2s", zones: ["1", "2"] }],
  deniedActions: [
    { action: "Microsoft.Compute/diskEncryptionSets/read", scope: `${GROUPS}/locked` },
    {
      action: "Microsoft.Compute/disks/write",
      scope: `${GROUPS}/locked`,
    },
  ],
};
