/** Azure regions by short name, with the display name that galleries answer ("westus" → "West US"). */

const DISPLAY_NAMES: Readonly<Record<string, string>> = {
  australiaeast: "Australia East",
  centralus: "Central US",
  eastus: "East US",
  eastus2: "East US 2",
  francecentral: "France Central",
  germanywestcentral: "Germany West Central",
  japaneast: "Japan East",
  northcentralus: "North Central US",
  northeurope: "North Europe",
  southcentralus: "South Central US",
  southeastasia: "Southeast Asia",
  swedencentral: "Sweden Central",
  switzerlandnorth: "Switzerland North",
  uksouth: "UK South",
  westcentralus: "West Central US",
  westeurope: "West Europe",
  westus: "West US",
  westus2: "West US 2",
  westus3: "West US 3",
};

/** "West US" and "westus" are one region. */
export const regionKey = (name: string): string => name.toLowerCase().replaceAll(" ", "");

/** The display name, or the name as given for a region this table does not know. */
export const regionDisplayName = (name: string): string => DISPLAY_NAMES[regionKey(name)] ?? name;
