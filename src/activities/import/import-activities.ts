/** The acts of the import runbook, bound to the ports. */
import * as refs from "../../contracts/import-activities.js";
import type { AllowedTargets } from "../../domain/allowed-targets.js";
import { done, refused } from "../../domain/outcome.js";
import { sameEtag } from "../../domain/import/run-id.js";
import type { Drops } from "../../ports/drops.js";
import type { DropCopies, PreparedDisks } from "../../ports/prepared-disks.js";
import type { RunStore } from "../../ports/run-store.js";
import { implement, implementOperation, implementOutcome, type Registration } from "../implement.js";
import { examineDropped } from "./examine-drop.js";
import { lookAtDrop } from "./look-at-drop.js";
import { finishDisk, moveSlice, planDisk } from "./mend-disk.js";
import { planReadBack, readSlice, sumReadBack } from "./read-back.js";

export interface ImportPorts {
  readonly drops: Drops;
  readonly prepared: PreparedDisks;
  readonly copies: DropCopies;
  readonly runs: RunStore;
  readonly allowedTargets: AllowedTargets;
  /** For deadlines, so a clock that does not jump. */
  readonly nowMs: () => number;
}

export function importActivities(ports: ImportPorts): Registration[] {
  const { drops, prepared, copies, runs } = ports;
  return [
    implementOutcome(refs.lookAtDrop, (question) => lookAtDrop(question, ports)),
    implementOutcome(refs.examineDrop, (question) => examineDropped(question, ports)),
    implementOutcome(refs.locateDrop, async ({ drop }) => {
      const now = await drops.look(drop);
      if (now === undefined)
        return refused("SOURCE_GONE", `${drop.blob} no longer exists.`, "Drop the file again.");
      if (!sameEtag(now.drop.etag, drop.etag))
        return refused(
          "SOURCE_CHANGED",
          `${drop.blob} was replaced or written to while an image was made of it.`,
          "Nothing: the new content gets its own run.",
        );
      return done({ uri: now.uri });
    }),
    ...implementOperation(refs.copyDrop, {
      async start({ drop, name }) {
        await copies.start(drop, name);
        return done({});
      },
      ask: async ({ input }) => done(await copies.ask(input.name)),
    }),
    implementOutcome(refs.planMending, (order) => planDisk(order, ports)),
    implementOutcome(refs.moveSlice, (order) => moveSlice(order, ports)),
    implementOutcome(refs.finishDisk, (order) => finishDisk(order, ports)),
    implementOutcome(refs.planReadBack, (order) => planReadBack(order, ports)),
    implementOutcome(refs.readSlice, (order) => readSlice(order, ports)),
    implementOutcome(refs.sumReadBack, (order) => sumReadBack(order, ports)),
    implement(refs.removePrepared, async ({ runId, name }) => {
      await prepared.remove(name);
      await runs.removeAll(`${runId}/${name}`);
      return null;
    }),
  ];
}
