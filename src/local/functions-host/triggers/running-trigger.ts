/** Something that calls functions until it is stopped. */
export interface RunningTrigger {
  /** Takes in nothing new; what runs may end first, within `graceMs` where that cannot be known. */
  stop(graceMs: number): Promise<void>;
}
