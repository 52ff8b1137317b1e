/** Counts what is running, so that a test can wait for quiet instead of sleeping. */
export interface WorkTracker {
  /** Something began; call the result once when it ended. */
  begin(): () => void;
  busy(): boolean;
  idle(): Promise<void>;
}

export function workTracker(): WorkTracker {
  let running = 0;
  const waiting: (() => void)[] = [];
  const announce = () => {
    if (running === 0) for (const resolve of waiting.splice(0)) resolve();
  };
  return {
    begin() {
      running++;
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        running--;
        // The end of one piece often begins the next in the same tick: quiet is quiet after a full turn of the loop.
        if (running === 0) setImmediate(announce);
      };
    },
    busy: () => running > 0,
    idle: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        setImmediate(announce);
      }),
  };
}
