/**
 * Token buckets on the clock: ARM's per subscription, and Compute's per subscription and per VM. Sizes as Microsoft
 * publishes them ("Azure Resource Manager throttling", "Compute throttling limits"); LowCostGet per VM is assumed.
 * Disks and galleries only tell what is left: nobody was seen to run into those windows.
 */
import type { Clock } from "../../clock.js";
import type { ArmError } from "../model/errors.js";
import { arm } from "../model/errors.js";
import { timestamp } from "../model/world.js";
import type { Bucket, Match } from "./route-table.js";

interface Limit {
  readonly size: number;
  readonly perMinute: number;
}

const ARM: Readonly<Record<"reads" | "writes" | "deletes", Limit>> = {
  reads: { size: 250, perMinute: 25 * 60 },
  writes: { size: 200, perMinute: 10 * 60 },
  deletes: { size: 200, perMinute: 10 * 60 },
};

const SUBSCRIPTION: Limit = { size: 1500, perMinute: 500 };
const RESOURCE: Limit = { size: 12, perMinute: 4 };
const READ_RESOURCE: Limit = { size: 120, perMinute: 60 };

const COMPUTE: Readonly<Record<Bucket, { readonly subscription?: Limit; readonly resource?: Limit }>> = {
  PutVM: { subscription: SUBSCRIPTION, resource: RESOURCE },
  UpdateVM: { subscription: SUBSCRIPTION, resource: RESOURCE },
  DeleteVM: { subscription: SUBSCRIPTION, resource: RESOURCE },
  LowCostGet: { subscription: { size: 30_000, perMinute: 10_000 }, resource: READ_RESOURCE },
  CreateImages: { subscription: SUBSCRIPTION },
  PutRestorePoint: { subscription: SUBSCRIPTION },
  Disk: {},
  Gallery: {},
};

const WINDOWS: Partial<Record<Bucket, string>> = {
  Disk: "Microsoft.Compute/HighCostSnapshotCreateHydrate3Min;999,Microsoft.Compute/HighCostSnapshotCreateHydrate30Min;7999",
  Gallery:
    "Microsoft.Compute/CreateUpdateGalleryImage3Min;149,Microsoft.Compute/CreateUpdateGalleryImage30Min;749",
};

interface Filling {
  tokens: number;
  atMs: number;
}

export class RateLimits {
  readonly #clock: Clock;
  readonly #enforced: boolean;
  readonly #fillings = new Map<string, Filling>();

  constructor(clock: Clock, enforced: boolean) {
    this.#clock = clock;
    this.#enforced = enforced;
  }

  clear(): void {
    this.#fillings.clear();
  }

  /** Takes a token from every bucket of the request. Answers the headers that tell what is left, or refuses. */
  take({ route, id, params, action }: Match): Record<string, string> {
    const kind =
      route.method === "GET" || route.method === "HEAD"
        ? "reads"
        : route.method === "DELETE"
          ? "deletes"
          : "writes";
    const subscription = params["subscriptionId"] ?? id.split("/")[2] ?? "";
    const left = this.#draw(`arm/${kind}`, ARM[kind]);
    if (left.waitSeconds > 0)
      throw arm.subscriptionThrottled(subscription, `${route.method}/${action}`, left.waitSeconds);
    const headers: Record<string, string> = {
      [`x-ms-ratelimit-remaining-subscription-${kind}`]: String(left.tokens),
    };
    const resource = route.bucket === undefined ? undefined : this.#takeCompute(route.bucket, id);
    if (resource !== undefined) headers["x-ms-ratelimit-remaining-resource"] = resource;
    return headers;
  }

  #takeCompute(bucket: Bucket, id: string): string | undefined {
    const { subscription, resource } = COMPUTE[bucket];
    const named = [
      [`${bucket}SubscriptionMaximum`, subscription, bucket],
      [`${bucket}Resource`, resource, `${bucket}/${id.toLowerCase()}`],
    ] as const;
    const remaining: string[] = [];
    for (const [name, limit, key] of named) {
      if (limit === undefined) continue;
      const { tokens, waitSeconds } = this.#draw(key, limit);
      if (waitSeconds > 0) throw this.#throttled(name, limit, waitSeconds);
      remaining.push(`Microsoft.Compute/${name};${tokens}`);
    }
    return remaining.length === 0 ? WINDOWS[bucket] : remaining.join(",");
  }

  #draw(key: string, { size, perMinute }: Limit): { tokens: number; waitSeconds: number } {
    const now = this.#clock.now();
    const filling = this.#fillings.get(key) ?? { tokens: size, atMs: now };
    const tokens = Math.min(size, filling.tokens + ((now - filling.atMs) / 60_000) * perMinute);
    if (tokens < 1 && this.#enforced) {
      return { tokens: 0, waitSeconds: Math.max(1, Math.ceil(((1 - tokens) / perMinute) * 60)) };
    }
    this.#fillings.set(key, { tokens: Math.max(0, tokens - 1), atMs: now });
    return { tokens: Math.max(0, Math.floor(tokens - 1)), waitSeconds: 0 };
  }

  #throttled(name: string, { size }: Limit, waitSeconds: number): ArmError {
    const now = this.#clock.now();
    return arm.computeThrottled(name, timestamp(now - 60_000), timestamp(now), size, size + 1, waitSeconds);
  }
}
