/** What the pipeline asks of a guest. */
import type { CheckContext, GuestRemedy } from "./guest/row.js";
import type { Tags } from "./image-order.js";
import type { VmSummary } from "./vm.js";

export interface GuestOptions {
  readonly script?: string | undefined;
  readonly removeUsers: readonly string[];
  readonly keepUsers: readonly string[];
  readonly allowedRemedies: readonly GuestRemedy[];
}

/** What is known of a guest from outside of it. */
export const guestContext = (
  { allowedRemedies, removeUsers, keepUsers }: GuestOptions,
  { extensions, imagePublisher }: VmSummary,
): CheckContext => ({ allowedRemedies, removeUsers, keepUsers, extensions, imagePublisher });

export interface GuestQuestion {
  readonly vmId: string;
  readonly location: string;
  readonly osType: VmSummary["osType"];
  readonly script: "preflight" | "seal-log" | "audit";
  readonly runId: string;
  /** For the Run Command, which is a resource of its own. */
  readonly tags: Tags;
  /** For an audit: when the VM was asked for, in milliseconds since the Unix epoch; what is older came with the image. */
  readonly sinceMs?: number;
}

/** Polling needs less than running it; the seal is started by its own activity and polled in the same way. */
export interface GuestAsked {
  readonly vmId: string;
  readonly script: GuestQuestion["script"] | "seal";
  readonly runId: string;
}

export interface GuestLook {
  readonly vmId: string;
  readonly osType: VmSummary["osType"];
  /** Where the answer will be; known once it has started. */
  readonly operationUrl?: string;
}

export interface SealOrder {
  readonly runId: string;
  /** The VM to seal: the working VM, or the source in place. */
  readonly vmId: string;
  /** Only then are the source's vendor registrations ended; a copy shares them with the source, which keeps them. */
  readonly inPlace: boolean;
  readonly location: string;
  readonly osType: VmSummary["osType"];
  readonly guest: GuestOptions;
  readonly tags: Tags;
  readonly limitMinutes: number;
}

export interface SealQuestion {
  readonly runId: string;
  readonly vmId: string;
  readonly elapsedMs: number;
  readonly limitMs: number;
  /** What seal-log answered, once the clock has run out. */
  readonly sealLog?: string;
}
