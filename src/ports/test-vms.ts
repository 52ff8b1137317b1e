import type { TestVm } from "../domain/test-boot.js";
import type { Outcome } from "../domain/outcome.js";
import type { Operation } from "./operation.js";

/** Virtual machines created from an image to test it. */
export interface TestVms {
  /**
   * Boots one in the isolated subnet, with a disk for each of the image's and a password that nobody learns; done when
   * its agent reports. All of its parts are deleted with it.
   */
  readonly boot: Operation<TestVm, null, { vmId: string }>;
  /** The last lines of its serial console, untrusted text; empty if Azure has kept nothing. */
  console(vmId: string): Promise<Outcome<{ readonly log: string }>>;
}
