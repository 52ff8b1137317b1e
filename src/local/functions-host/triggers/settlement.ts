/**
 * rhea 3.0.5 merges settlements of neighbouring deliveries made in one tick into one frame, even when their outcomes
 * differ: the second message then gets the first one's outcome and is lost. So a settlement that differs from the
 * one before it waits for the next turn of the event loop.
 */
export type Settle = (outcome: "complete" | "abandon", act: () => Promise<void>) => Promise<void>;

export function settlementQueue(): Settle {
  let previous: "complete" | "abandon" | undefined;
  let turn = Promise.resolve();
  return (outcome, act) => {
    const begun = turn.then(async () => {
      if (previous !== undefined && previous !== outcome)
        await new Promise((resolve) => setImmediate(resolve));
      previous = outcome;
      // Wrapped, so that the next settlement waits until this one began, not until it is answered.
      return { answered: act() };
    });
    turn = begun.then(
      () => undefined,
      () => undefined,
    );
    return begun.then(({ answered }) => answered);
  };
}
