import type { Outcome } from "../domain/outcome.js";
import type { Permission } from "../domain/rights.js";
import type { Cores, CoresQuestion, Known, Lock, SubnetFacts } from "../domain/survey.js";

/** What lies around a VM in Azure. Only reads; what may not be read, or cannot, is told as that. */
export interface Surroundings {
  /** Every lock of a subscription or a group, and below. */
  locks(scope: string): Promise<Outcome<Known<readonly Lock[]>>>;
  /** What the roles of whoever asks allow on a group or a resource. */
  permissions(scope: string): Promise<Outcome<Known<readonly Permission[]>>>;
  cores(question: CoresQuestion): Promise<Outcome<Known<Cores>>>;
  /** Null where there is none. */
  subnet(subnetId: string): Promise<Outcome<Known<SubnetFacts | null>>>;
  /** Whether the subscription may use the region. */
  region(subscription: string, region: string): Promise<Outcome<Known<true>>>;
}
