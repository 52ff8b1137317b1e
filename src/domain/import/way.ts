/** Which way a disk becomes one that Azure takes, and why: the cheapest that the doctor's verdict and the settings allow. */
import type { DropRef } from "./drop.js";
import type { DiskReport, Way } from "./import-plan.js";

export interface WayChoice {
  readonly way: Way;
  readonly why: string;
}

export interface WaySettings {
  readonly freeze: "when-needed" | "always";
  /** Who makes a whole copy of a page blob, where one is needed. */
  readonly copyBy: "account" | "stream";
}

export function wayOf(
  report: Pick<DiskReport, "path" | "why">,
  drop: Pick<DropRef, "blob">,
  { freeze, copyBy }: WaySettings,
): WayChoice {
  const copied = (way: Way, why: string): WayChoice =>
    copyBy === "account" ? { way, why } : streamedInstead(why, "The settings say to stream it");
  switch (report.path) {
    case "dynamic":
      return { way: "blocks", why: report.why };
    case "linear":
      return { way: "linear", why: report.why };
    case "copy-resize-footer":
      return copied("server-copy-new-footer", report.why);
    case "none":
      // Azure refuses a disk's blob whose name has a slash ("The blob name in URL … contains a slash").
      if (drop.blob.includes("/"))
        return copied(
          "server-copy",
          "Azure cannot make a disk from a blob in a folder; it was copied to a container's root.",
        );
      if (freeze === "always")
        return copied(
          "server-copy",
          "The settings say to copy every file, so that nobody can change it while Azure reads it.",
        );
      return { way: "as-it-lies", why: report.why };
  }
}

/** For a page blob of which the account makes no copy: what its page ranges name passes through the app. */
export const streamedInstead = (why: string, because: string): WayChoice => ({
  way: "ranges",
  why: `${why} ${because}: only its written page ranges.`,
});
