import type { Outcome } from "../domain/outcome.js";
import type { Permission } from "../domain/rights.js";
import type { Cores, CoresQuestion, Known, Lock, SubnetFacts } from "../domain/survey.js";

/** The Azure environment of a VM. Read-only; what cannot be read, or is forbidden, is reported as such. */
export interface Surroundings {
  /** Every lock of a subscription or a group, and below. */
  locks(scope: string): Promise<Outcome<Known<readonly Lock[]>>>;
  /** What the caller's roles allow on a resource group or a resource. */
  permissions(scope: string): Promise<Outcome<Known<readonly Permission[]>>>;
  cores(question: CoresQuestion): Promise<Outcome<Known<Cores>>>;
  /** Null where there is none. */
  subnet(subnetId: string): Promise<Outcome<Known<SubnetFacts | null>>>;
  /** Whether the subscription can use the region. */
  region(subscription: string, region: string): Promise<Outcome<Known<true>>>;
}
