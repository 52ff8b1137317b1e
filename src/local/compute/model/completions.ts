/** What operations do when they are due: every kind's completion in one table. */
import { CHILD_LINGER_MS } from "./durations.js";
import { accessCompletions } from "./disk-access.js";
import { diskCompletions } from "./disks.js";
import { galleryCompletions } from "./galleries.js";
import { versionCompletions } from "./gallery-versions.js";
import { guestCompletions } from "./guest-acts.js";
import { imageCompletions } from "./images.js";
import type { Completion } from "./operations.js";
import { groupCompletions } from "./resource-groups.js";
import { restorePointCompletions } from "./restore-points.js";
import { runCommandCompletions } from "./run-commands.js";
import { snapshotCompletions } from "./snapshots.js";
import { interfaceCompletions } from "../network/interfaces.js";
import { virtualNetworkCompletions } from "../network/virtual-networks.js";
import { vmCompletions } from "./virtual-machines.js";
import { extensionCompletions } from "./vm-extensions.js";
import { powerCompletions } from "./vm-power.js";
import type { World } from "./world.js";

export const completionsOf = (world: World): Readonly<Record<string, Completion>> => ({
  ...groupCompletions(world),
  ...vmCompletions(world),
  ...powerCompletions(world),
  ...extensionCompletions(world),
  ...runCommandCompletions(world),
  ...guestCompletions(world),
  ...diskCompletions(world),
  ...snapshotCompletions(world),
  ...accessCompletions(world),
  ...restorePointCompletions(world),
  ...imageCompletions(world),
  ...galleryCompletions(world, CHILD_LINGER_MS),
  ...versionCompletions(world),
  ...interfaceCompletions(world),
  ...virtualNetworkCompletions(world),
});
