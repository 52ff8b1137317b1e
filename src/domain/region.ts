/** Azure names a region in two ways, as in "West Europe" and "westeurope". */
export const plainRegion = (region: string): string => region.toLowerCase().replaceAll(" ", "");

export const sameRegion = (one: string, other: string): boolean => plainRegion(one) === plainRegion(other);
