import type { TestVm } from "../domain/test-boot.js";
import type { Outcome } from "../domain/outcome.js";
import type { Operation } from "./operation.js";

/** Virtual machines that are made of an image to see what it makes. */
export interface TestVms {
  /**
   * Boots one in the isolated subnet, with a disk for each of the image's and a password that nobody learns; done when
   * its agent reports. Everything it brings goes with it.
   */
  readonly boot: Operation<TestVm, null, { vmId: string }>;
  /** The last that its serial console showed, a stranger's text; empty where Azure has kept nothing. */
  console(vmId: string): Promise<Outcome<{ readonly log: string }>>;
}
