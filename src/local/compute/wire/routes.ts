/** Every operation the simulator knows. docs/local/compute.md says of each how true it is; a test compares the two. */
import { bootDiagnostics } from "../model/boot-diagnostics.js";
import * as access from "../model/disk-access.js";
import * as disks from "../model/disks.js";
import * as galleries from "../model/galleries.js";
import * as versions from "../model/gallery-versions.js";
import * as definitions from "../model/image-definitions.js";
import * as images from "../model/images.js";
import * as marketplace from "../model/marketplace.js";
import { community, shared } from "../model/public-galleries.js";
import * as groups from "../model/resource-groups.js";
import * as permissions from "../model/permissions.js";
import * as lists from "../model/resource-lists.js";
import * as points from "../model/restore-points.js";
import * as commands from "../model/run-commands.js";
import * as snapshots from "../model/snapshots.js";
import * as nics from "../network/interfaces.js";
import * as networks from "../network/virtual-networks.js";
import * as vms from "../model/virtual-machines.js";
import * as extensions from "../model/vm-extensions.js";
import * as power from "../model/vm-power.js";
import * as sizes from "../model/vm-sizes.js";
import type { Route } from "./route-table.js";

const SUB = "/subscriptions/{subscriptionId}";
const RG = `${SUB}/resourceGroups/{group}`;
const ALL = `${SUB}/providers/Microsoft.Compute`;
const IN = `${RG}/providers/Microsoft.Compute`;
const AT = `${ALL}/locations/{location}`;
const LOCK = "{+scope}/providers/Microsoft.Authorization/locks";

type Method = Route["method"];
type More = Pick<Route, "bucket" | "plain">;
const route = (
  method: Method,
  name: string,
  path: string,
  handle: Route["handle"],
  more: More = {},
): Route => ({ method, name, path, handle, ...more });

const plain = { plain: true } as const;

const resourceGroups: readonly Route[] = [
  route("GET", "resourceGroups/list", `${SUB}/resourceGroups`, lists.listGroups),
  route("PUT", "resourceGroups/put", RG, groups.putGroup, plain),
  route("GET", "resourceGroups/get", RG, groups.getGroup),
  route("HEAD", "resourceGroups/exists", RG, groups.headGroup),
  route("PATCH", "resourceGroups/update", RG, groups.patchGroup, plain),
  route("DELETE", "resourceGroups/delete", RG, groups.deleteGroup),
  route("GET", "resourceGroups/listResources", `${RG}/resources`, lists.listGroupResources),
  route("GET", "resources/list", `${SUB}/resources`, lists.listResources),
  route("GET", "locks/list", LOCK, groups.listLocks),
  route("PUT", "locks/put", `${LOCK}/{lock}`, groups.putLock, plain),
  route("GET", "locks/get", `${LOCK}/{lock}`, groups.getLock),
  route("DELETE", "locks/delete", `${LOCK}/{lock}`, groups.deleteLock, plain),
  route(
    "GET",
    "permissions/list",
    "{+scope}/providers/Microsoft.Authorization/permissions",
    permissions.listPermissions,
  ),
];

const VM = `${IN}/virtualMachines/{vm}`;
const put = { bucket: "PutVM" } as const;
const change = { bucket: "UpdateVM" } as const;
const drop = { bucket: "DeleteVM" } as const;
const read = { bucket: "LowCostGet" } as const;

const virtualMachines: readonly Route[] = [
  route("GET", "virtualMachines/listAll", `${ALL}/virtualMachines`, vms.listVms),
  route("GET", "virtualMachines/list", `${IN}/virtualMachines`, vms.listVms),
  route("GET", "virtualMachines/listByLocation", `${AT}/virtualMachines`, vms.listVmsByLocation),
  route("PUT", "virtualMachines/put", VM, vms.putVm, put),
  route("GET", "virtualMachines/get", VM, vms.getVm, read),
  route("PATCH", "virtualMachines/update", VM, vms.patchVm, put),
  route("DELETE", "virtualMachines/delete", VM, vms.deleteVm, drop),
  route("GET", "virtualMachines/listAvailableSizes", `${VM}/vmSizes`, sizes.listAvailableSizes, read),
  route("GET", "virtualMachines/instanceView", `${VM}/instanceView`, power.getInstanceView, read),
  route("POST", "virtualMachines/start", `${VM}/start`, power.startVm, change),
  route("POST", "virtualMachines/powerOff", `${VM}/powerOff`, power.powerOffVm, change),
  route("POST", "virtualMachines/restart", `${VM}/restart`, power.restartVm, change),
  route("POST", "virtualMachines/redeploy", `${VM}/redeploy`, power.redeployVm, change),
  route("POST", "virtualMachines/reapply", `${VM}/reapply`, power.reapplyVm, change),
  route("POST", "virtualMachines/deallocate", `${VM}/deallocate`, power.deallocateVm, drop),
  route("POST", "virtualMachines/generalize", `${VM}/generalize`, power.generalizeVm, {
    ...change,
    plain: true,
  }),
  route("POST", "virtualMachines/capture", `${VM}/capture`, power.captureVm, change),
  route(
    "POST",
    "virtualMachines/retrieveBootDiagnosticsData",
    `${VM}/retrieveBootDiagnosticsData`,
    bootDiagnostics,
    { ...read, plain: true },
  ),
  route("POST", "virtualMachines/runCommand", `${VM}/runCommand`, commands.runCommand, change),
  route("GET", "extensions/list", `${VM}/extensions`, extensions.listExtensions, read),
  route("PUT", "extensions/put", `${VM}/extensions/{extension}`, extensions.putExtension, change),
  route("GET", "extensions/get", `${VM}/extensions/{extension}`, extensions.getExtension, read),
  route("DELETE", "extensions/delete", `${VM}/extensions/{extension}`, extensions.deleteExtension, change),
  route("GET", "runCommands/list", `${VM}/runCommands`, commands.listRunCommands, read),
  route("PUT", "runCommands/put", `${VM}/runCommands/{command}`, commands.putRunCommand, change),
  route("GET", "runCommands/get", `${VM}/runCommands/{command}`, commands.getRunCommand, read),
  route("PATCH", "runCommands/update", `${VM}/runCommands/{command}`, commands.patchRunCommand, change),
  route("DELETE", "runCommands/delete", `${VM}/runCommands/{command}`, commands.deleteRunCommand, change),
];

const NETWORK = `${SUB}/providers/Microsoft.Network`;
const NETWORK_IN = `${RG}/providers/Microsoft.Network`;
const NIC = `${NETWORK_IN}/networkInterfaces/{nic}`;
const VNET = `${NETWORK_IN}/virtualNetworks/{network}`;

const network: readonly Route[] = [
  route("GET", "networkInterfaces/listAll", `${NETWORK}/networkInterfaces`, nics.listNics),
  route("GET", "networkInterfaces/list", `${NETWORK_IN}/networkInterfaces`, nics.listNics),
  route("PUT", "networkInterfaces/put", NIC, nics.putNic),
  route("GET", "networkInterfaces/get", NIC, nics.getNic),
  route("PATCH", "networkInterfaces/update", NIC, nics.patchNic, plain),
  route("DELETE", "networkInterfaces/delete", NIC, nics.deleteNic),
  route("GET", "virtualNetworks/listAll", `${NETWORK}/virtualNetworks`, networks.listNetworks),
  route("GET", "virtualNetworks/list", `${NETWORK_IN}/virtualNetworks`, networks.listNetworks),
  route("PUT", "virtualNetworks/put", VNET, networks.putNetwork),
  route("GET", "virtualNetworks/get", VNET, networks.getNetwork),
  route("DELETE", "virtualNetworks/delete", VNET, networks.deleteNetwork),
  route("GET", "subnets/list", `${VNET}/subnets`, networks.listSubnets),
  route("PUT", "subnets/put", `${VNET}/subnets/{subnet}`, networks.putSubnet),
  route("GET", "subnets/get", `${VNET}/subnets/{subnet}`, networks.getSubnet),
  route("DELETE", "subnets/delete", `${VNET}/subnets/{subnet}`, networks.deleteSubnet),
];

const DISK = `${IN}/disks/{disk}`;
const SNAPSHOT = `${IN}/snapshots/{snapshot}`;
const COLLECTION = `${IN}/restorePointCollections/{collection}`;
const POINT = `${COLLECTION}/restorePoints/{point}`;
const DISK_POINT = `${POINT}/diskRestorePoints/{diskPoint}`;
const disk = { bucket: "Disk" } as const;
const restore = { bucket: "PutRestorePoint" } as const;

const storage: readonly Route[] = [
  route("GET", "disks/listAll", `${ALL}/disks`, disks.listDisks, disk),
  route("GET", "disks/list", `${IN}/disks`, disks.listDisks, disk),
  route("PUT", "disks/put", DISK, disks.putDisk, disk),
  route("GET", "disks/get", DISK, disks.getDisk, disk),
  route("PATCH", "disks/update", DISK, disks.patchDisk, disk),
  route("DELETE", "disks/delete", DISK, disks.deleteDisk, disk),
  route("POST", "disks/beginGetAccess", `${DISK}/beginGetAccess`, access.beginGetAccess, disk),
  route("POST", "disks/endGetAccess", `${DISK}/endGetAccess`, access.endGetAccess, disk),
  route("GET", "snapshots/listAll", `${ALL}/snapshots`, snapshots.listSnapshots, disk),
  route("GET", "snapshots/list", `${IN}/snapshots`, snapshots.listSnapshots, disk),
  route("PUT", "snapshots/put", SNAPSHOT, snapshots.putSnapshot, disk),
  route("GET", "snapshots/get", SNAPSHOT, snapshots.getSnapshot, disk),
  route("PATCH", "snapshots/update", SNAPSHOT, snapshots.patchSnapshot, disk),
  route("DELETE", "snapshots/delete", SNAPSHOT, snapshots.deleteSnapshot, disk),
  route("POST", "snapshots/beginGetAccess", `${SNAPSHOT}/beginGetAccess`, access.beginGetAccess, disk),
  route("POST", "snapshots/endGetAccess", `${SNAPSHOT}/endGetAccess`, access.endGetAccess, disk),
  route("GET", "restorePointCollections/listAll", `${ALL}/restorePointCollections`, points.listCollections),
  route("GET", "restorePointCollections/list", `${IN}/restorePointCollections`, points.listCollections),
  route("PUT", "restorePointCollections/put", COLLECTION, points.putCollection, { ...restore, plain: true }),
  route("GET", "restorePointCollections/get", COLLECTION, points.getCollection),
  route("PATCH", "restorePointCollections/update", COLLECTION, points.patchCollection, {
    ...restore,
    plain: true,
  }),
  route("DELETE", "restorePointCollections/delete", COLLECTION, points.deleteCollection, restore),
  route("PUT", "restorePoints/put", POINT, points.putRestorePoint, restore),
  route("GET", "restorePoints/get", POINT, points.getRestorePoint),
  route("DELETE", "restorePoints/delete", POINT, points.deleteRestorePoint, restore),
  route("GET", "diskRestorePoints/list", `${POINT}/diskRestorePoints`, points.listDiskRestorePoints),
  route("GET", "diskRestorePoints/get", DISK_POINT, points.getDiskRestorePoint),
  route(
    "POST",
    "diskRestorePoints/beginGetAccess",
    `${DISK_POINT}/beginGetAccess`,
    access.beginGetAccess,
    disk,
  ),
  route("POST", "diskRestorePoints/endGetAccess", `${DISK_POINT}/endGetAccess`, access.endGetAccess, disk),
];

const GALLERY = `${IN}/galleries/{gallery}`;
const DEFINITION = `${GALLERY}/images/{definition}`;
const VERSION = `${DEFINITION}/versions/{version}`;
const IMAGE = `${IN}/images/{image}`;
const SHARED = `${AT}/sharedGalleries`;
const COMMUNITY = `${AT}/communityGalleries/{publicName}`;
const PUBLISHERS = `${AT}/publishers`;
const OFFERS = `${PUBLISHERS}/{publisher}/artifacttypes/vmimage/offers`;
const SKUS = `${OFFERS}/{offer}/skus`;
const gallery = { bucket: "Gallery" } as const;
const create = { bucket: "CreateImages" } as const;

const imagesAndGalleries: readonly Route[] = [
  route("GET", "images/listAll", `${ALL}/images`, images.listImages),
  route("GET", "images/list", `${IN}/images`, images.listImages),
  route("PUT", "images/put", IMAGE, images.putImage, create),
  route("GET", "images/get", IMAGE, images.getImage),
  route("PATCH", "images/update", IMAGE, images.patchImage, create),
  route("DELETE", "images/delete", IMAGE, images.deleteImage, create),
  route("GET", "galleries/listAll", `${ALL}/galleries`, galleries.listGalleries, gallery),
  route("GET", "galleries/list", `${IN}/galleries`, galleries.listGalleries, gallery),
  route("PUT", "galleries/put", GALLERY, galleries.putGallery, gallery),
  route("GET", "galleries/get", GALLERY, galleries.getGallery, gallery),
  route("PATCH", "galleries/update", GALLERY, galleries.patchGallery, gallery),
  route("DELETE", "galleries/delete", GALLERY, galleries.deleteGallery, gallery),
  route("POST", "galleries/share", `${GALLERY}/share`, galleries.shareGallery, gallery),
  route("GET", "definitions/list", `${GALLERY}/images`, definitions.listDefinitions, gallery),
  route("PUT", "definitions/put", DEFINITION, definitions.putDefinition, gallery),
  route("GET", "definitions/get", DEFINITION, definitions.getDefinition, gallery),
  route("PATCH", "definitions/update", DEFINITION, definitions.patchDefinition, gallery),
  route("DELETE", "definitions/delete", DEFINITION, definitions.deleteDefinition, gallery),
  route("GET", "versions/list", `${DEFINITION}/versions`, versions.listVersions, gallery),
  route("PUT", "versions/put", VERSION, versions.putVersion, gallery),
  route("GET", "versions/get", VERSION, versions.getVersion, gallery),
  route("PATCH", "versions/update", VERSION, versions.patchVersion, gallery),
  route("DELETE", "versions/delete", VERSION, versions.deleteVersion, gallery),
  route("GET", "sharedGalleries/list", SHARED, shared.galleries),
  route("GET", "sharedGalleries/get", `${SHARED}/{uniqueName}`, shared.gallery),
  route("GET", "sharedGalleries/listImages", `${SHARED}/{uniqueName}/images`, shared.images),
  route("GET", "sharedGalleries/getImage", `${SHARED}/{uniqueName}/images/{image}`, shared.image),
  route(
    "GET",
    "sharedGalleries/listVersions",
    `${SHARED}/{uniqueName}/images/{image}/versions`,
    shared.versions,
  ),
  route(
    "GET",
    "sharedGalleries/getVersion",
    `${SHARED}/{uniqueName}/images/{image}/versions/{version}`,
    shared.version,
  ),
  route("GET", "communityGalleries/get", COMMUNITY, community.gallery),
  route("GET", "communityGalleries/listImages", `${COMMUNITY}/images`, community.images),
  route("GET", "communityGalleries/getImage", `${COMMUNITY}/images/{image}`, community.image),
  route("GET", "communityGalleries/listVersions", `${COMMUNITY}/images/{image}/versions`, community.versions),
  route(
    "GET",
    "communityGalleries/getVersion",
    `${COMMUNITY}/images/{image}/versions/{version}`,
    community.version,
  ),
  route("GET", "marketplace/listPublishers", PUBLISHERS, marketplace.listPublishers),
  route("GET", "marketplace/listOffers", OFFERS, marketplace.listOffers),
  route("GET", "marketplace/listSkus", SKUS, marketplace.listSkus),
  route("GET", "marketplace/listVersions", `${SKUS}/{sku}/versions`, marketplace.listImageVersions),
  route("GET", "marketplace/getVersion", `${SKUS}/{sku}/versions/{version}`, marketplace.getImageVersion),
  route("GET", "usages/list", `${AT}/usages`, sizes.listUsages),
  route("GET", "virtualMachineSizes/list", `${AT}/vmSizes`, sizes.listVmSizes),
  route("GET", "skus/list", `${ALL}/skus`, sizes.listSkus),
];

export const ROUTES: readonly Route[] = [
  ...resourceGroups,
  ...virtualMachines,
  ...network,
  ...storage,
  ...imagesAndGalleries,
];
