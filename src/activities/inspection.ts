/** Looking at a source VM and around it, and recalling what an earlier run saw: a request or two each. */
import * as refs from "../contracts/capture-activities.js";
import type { Outcome } from "../domain/outcome.js";
import { done } from "../domain/outcome.js";
import { missingRights } from "../domain/rights.js";
import { covers } from "../domain/resource-id.js";
import type { Known, SurveyAnswer, SurveyQuestion } from "../domain/survey.js";
import type { Inspection } from "../ports/inspection.js";
import type { RunStore } from "../ports/run-store.js";
import type { Surroundings } from "../ports/surroundings.js";
import { implementOutcome } from "./implement.js";
import type { Registration } from "./implement.js";
import { savedCapture, savedDisk, savedVm } from "./run-documents.js";

export interface InspectionPorts {
  readonly inspection: Inspection;
  readonly surroundings: Surroundings;
  readonly runs: RunStore;
}

export function inspectionActivities({ inspection, surroundings, runs }: InspectionPorts): Registration[] {
  return [
    implementOutcome(refs.inspectVm, ({ vmId }) => inspection.vm(vmId)),
    implementOutcome(refs.keepVm, async ({ vmId, keepAs }) => {
      const found = await inspection.vmModel(vmId);
      if (found.status !== "done") return found;
      await savedVm.save(runs, keepAs, found.value);
      return done(null);
    }),
    implementOutcome(refs.inspectDisk, async ({ diskId, lun, keepAs }) => {
      const found = await inspection.disk(diskId);
      if (found.status !== "done") return found;
      const { facts, ...kept } = found.value;
      if (keepAs !== undefined) await savedDisk(lun).save(runs, keepAs, kept);
      return done(facts);
    }),
    implementOutcome(refs.inspectInterface, async ({ interfaceId }) => {
      const found = await inspection.accelerated(interfaceId);
      return found.status === "done" ? done({ accelerated: found.value }) : found;
    }),
    implementOutcome(refs.recallCapture, async ({ captureId }) =>
      done((await savedCapture.read(runs, captureId)) ?? null),
    ),
    implementOutcome(refs.recallModel, async ({ captureId }) => {
      const saved = await savedVm.read(runs, captureId);
      return done(saved === undefined ? null : { lost: saved.lost, goesWith: saved.goesWith });
    }),
    implementOutcome(refs.surveyAzure, (question) => survey(surroundings, question)),
  ];
}

async function survey(azure: Surroundings, question: SurveyQuestion): Promise<Outcome<SurveyAnswer>> {
  switch (question.ask) {
    case "locks": {
      const { ask, scope, places } = question;
      const found = await azure.locks(scope);
      // Only the locks that matter: the answer is kept in the run's history.
      return answered(found, (locks) => ({
        ask,
        scope,
        locks: known(locks, (all) => all.filter((lock) => places.some((place) => covers(lock.scope, place)))),
      }));
    }
    case "rights": {
      const { ask, what, scope, actions } = question;
      return answered(await azure.permissions(scope), (granted) => ({
        ask,
        what,
        scope,
        missing: known(granted, (roles) => missingRights(roles, actions)),
      }));
    }
    case "cores": {
      const { ask, ...asked } = question;
      return answered(await azure.cores(asked), (cores) => ({ ask, cores }));
    }
    case "subnet": {
      const { ask, subnetId } = question;
      return answered(await azure.subnet(subnetId), (subnet) => ({ ask, subnetId, subnet }));
    }
    case "region": {
      const { ask, subscriptionId, region } = question;
      return answered(await azure.region(subscriptionId, region), (offered) => ({ ask, region, offered }));
    }
  }
}

const answered = <T>(found: Outcome<Known<T>>, answer: (found: Known<T>) => SurveyAnswer) =>
  found.status === "done" ? done(answer(found.value)) : found;

const known = <T, R>(found: Known<T>, read: (value: T) => R): Known<R> =>
  "known" in found ? { known: read(found.known) } : found;
