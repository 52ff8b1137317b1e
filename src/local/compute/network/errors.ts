/**
 * Errors of Microsoft.Network, with the texts that public issues quote of the real service. Unlike Compute's they
 * always carry `details`.
 */
import { ArmError } from "../model/errors.js";

const refused = (code: string, message: string, status = 400): ArmError =>
  new ArmError(status, { code, message, details: [] });

export const networkErrors = {
  notFound: (id: string) => refused("NotFound", `Resource ${id} not found.`, 404),
  nicInUse: (nic: string, owner: string) =>
    refused(
      "NicInUse",
      `Network Interface ${nic} is used by existing resource ${owner}. In order to delete the network interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic.`,
    ),
  subnetInUse: (subnet: string, ipConfiguration: string) =>
    refused(
      "InUseSubnetCannotBeDeleted",
      `Subnet ${subnet} is in use by ${ipConfiguration} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.`,
    ),
  invalidReference: (id: string, by: string) =>
    refused(
      "InvalidResourceReference",
      `Resource ${id} referenced by resource ${by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
    ),
  subnetRequired: (ipConfiguration: string) =>
    refused("SubnetIsRequired", `Subnet reference is required for ipconfiguration ${ipConfiguration}.`),
  subnetFull: (subnet: string, prefix: string) =>
    refused(
      "SubnetIsFull",
      `Subnet ${subnet} with address prefix ${prefix} does not have enough capacity for 1 IP addresses.`,
    ),
  addressOutside: (address: string, prefix: string) =>
    refused(
      "PrivateIPAddressNotInSubnet",
      `Private static IP address ${address} does not belong to the range of subnet prefix ${prefix}.`,
    ),
  addressTaken: (ipConfiguration: string, address: string, by: string) =>
    refused(
      "PrivateIPAddressIsAllocated",
      `IP configuration ${ipConfiguration} is using the private IP address ${address} which is already allocated to resource ${by}.`,
    ),
  busy: (operationUrl: string) =>
    refused(
      "AnotherOperationInProgress",
      `Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: ${operationUrl}.`,
      429,
    ),
  prefixFormat: (prefix: string, resource: string) =>
    refused(
      "InvalidAddressPrefixFormat",
      `Address prefix ${prefix} of resource ${resource} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.`,
    ),
  prefixNotation: (prefix: string, resource: string, aligned: string) =>
    refused(
      "InvalidCIDRNotation",
      `The address prefix ${prefix} in resource ${resource} has an invalid CIDR notation. For the given prefix length, the address prefix should be ${aligned}.`,
    ),
  prefixInUse: (prefix: string, subnet: string) =>
    refused(
      "InUsePrefixCannotBeDeleted",
      `IpPrefix ${prefix} on Subnet ${subnet} has active allocations and cannot be deleted.`,
    ),
  subnetOutside: (subnet: string, network: string) =>
    refused(
      "NetcfgSubnetRangeOutsideVnet",
      `Subnet '${subnet}' is not valid because its IP address range is outside the IP address range of virtual network '${network}'.`,
    ),
  subnetsOverlap: (subnet: string, network: string) =>
    refused(
      "NetcfgSubnetRangesOverlap",
      `Subnet '${subnet}' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '${network}'.`,
    ),
  nicsChangeRunning: (vm: string) =>
    new ArmError(400, {
      code: "AddingOrDeletingNetworkInterfacesOnARunningVirtualMachineNotSupported",
      message: `Virtual machine ${vm} with a single network interface must be stop-deallocated before it can be updated to have multiple network interfaces and vice-versa.`,
    }),
  onePrimary: (vm: string) =>
    new ArmError(400, {
      code: "VirtualMachineMustHaveOneNetworkInterfaceAsPrimary",
      message: `Virtual machine ${vm} must have one network interface set as the primary.`,
    }),
  /** Ours, not Azure's: what this provider leaves out is refused by name. */
  notSimulated: (what: string) =>
    new ArmError(501, {
      code: "NotSimulated",
      message: `The local Compute simulator does not know ${what}; docs/local/compute.md lists every operation and how true it is.`,
    }),
};
