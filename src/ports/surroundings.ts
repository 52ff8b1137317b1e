import type { AzureFacts } from "../domain/azure-preflight.js";
import type { Outcome } from "../domain/outcome.js";
import type { SurveyQuestion } from "../domain/survey.js";

/** What lies around a VM in Azure: locks, rights, quotas, regions. */
export interface Surroundings {
  /** Only reads; what it may not read, or cannot, is told as that. */
  survey(question: SurveyQuestion): Promise<Outcome<AzureFacts>>;
}
