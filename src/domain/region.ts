/** Azure names a region in two ways, as in "West Europe" and "westeurope". */
export const plainRegion = (region: string): string => region.toLowerCase().replaceAll(" ", "");
