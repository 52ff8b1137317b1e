/** Where an image goes, as contracts/target.ts reads it from a request. */
export interface TargetRegion {
  readonly name: string;
  readonly replicas: number;
  readonly storageType: "Standard_LRS" | "Standard_ZRS" | "Premium_LRS";
  /** The customer's key that the replicas there are under. */
  readonly encryptionSetId?: string | undefined;
}

export interface GalleryTarget {
  readonly kind: "gallery";
  readonly definitionId: string;
  /** Major.Minor.Patch, or how to count on. */
  readonly version: string;
  readonly regions: readonly TargetRegion[];
  readonly replicationMode: "Full" | "Shallow";
  readonly excludeFromLatest: boolean;
  readonly endOfLife?: string | undefined;
  readonly create?: { readonly publisher: string; readonly offer: string; readonly sku: string } | undefined;
}

export interface ManagedImageTarget {
  readonly kind: "managed-image";
  readonly imageId: string;
}

export type Target = GalleryTarget | ManagedImageTarget;
