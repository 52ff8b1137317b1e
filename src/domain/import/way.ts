/** Which way a disk becomes one that Azure takes, and why: the cheapest that the doctor's verdict allows. */
import type { DropRef } from "./drop.js";
import type { DiskReport, Way } from "./import-plan.js";

export function wayOf(
  report: Pick<DiskReport, "path" | "why">,
  drop: Pick<DropRef, "blob">,
  freeze: "when-needed" | "always",
): { readonly way: Way; readonly why: string } {
  switch (report.path) {
    case "dynamic":
      return { way: "blocks", why: report.why };
    case "linear":
      return { way: "linear", why: report.why };
    case "copy-resize-footer":
      return { way: "server-copy-new-footer", why: report.why };
    case "none":
      // Azure refuses a disk's blob whose name has a slash ("The blob name in URL … contains a slash").
      if (drop.blob.includes("/"))
        return {
          way: "server-copy",
          why: "Azure takes no disk from a folder; it was copied to a container's root.",
        };
      if (freeze === "always")
        return {
          way: "server-copy",
          why: "The settings say to copy what could be changed while Azure reads it.",
        };
      return { way: "as-it-lies", why: report.why };
  }
}
