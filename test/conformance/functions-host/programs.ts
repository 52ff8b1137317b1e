/**
 * Random programs for the orchestrator of fuzz-app, and a model that says what each must return. The model knows
 * nothing of histories, ids or replays: it walks the program once.
 */
export type Leaf =
  | { readonly op: "act"; readonly key: string; readonly value: unknown; readonly ms?: number }
  | { readonly op: "timer"; readonly ms: number }
  | {
      readonly op: "flaky" | "flakySub";
      readonly key: string;
      readonly fails: number;
      readonly max: number;
      readonly firstMs: number;
      readonly backoff: number;
    }
  | { readonly op: "sub"; readonly steps: readonly Step[] };

export type Step =
  | { readonly op: "one"; readonly leaf: Leaf }
  | { readonly op: "all"; readonly leaves: readonly Leaf[] }
  | { readonly op: "any"; readonly leaves: readonly Leaf[]; readonly cancel: boolean }
  | { readonly op: "background"; readonly leaf: Leaf; readonly front: Leaf; readonly steps: readonly Step[] }
  | { readonly op: "event"; readonly name: string }
  | { readonly op: "again" };

/** A small generator with a seed, so that a failing program can be made again (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Traits {
  /** Real milliseconds that an activity may take; 0 keeps them instant. */
  readonly activityMs: number;
  /** Waits are up to this long, on the host's clock. */
  readonly longestWaitMs: number;
  /** A race is decided by the clock; without a clock that stands still nobody can say who wins. */
  readonly races: boolean;
  /** The most steps at the top, and how deep most programs nest. Many small programs find more than few large ones. */
  readonly longest: number;
  readonly depth: number;
}

/** Fails at every attempt, however often an interrupted one is repeated. */
const ALWAYS = 1_000_000;

export function randomProgram(next: () => number, prefix: string, traits: Traits): Step[] {
  let made = 0;
  const below = (n: number) => Math.floor(next() * n);
  const key = () => `${prefix}-${made++}`;
  const waitMs = () => 1 + below(traits.longestWaitMs);

  const leaf = (depth: number): Leaf => {
    const ms = below(traits.activityMs + 1);
    const act: Leaf = {
      op: "act",
      key: key(),
      value: [null, "text", { n: below(9) }, made][below(4)],
      ...(ms ? { ms } : {}),
    };
    switch (below(10)) {
      case 0:
      case 1:
      case 2: {
        const max = 1 + below(4);
        const fails = next() < 0.3 ? ALWAYS : below(max);
        const op = next() < 0.7 ? "flaky" : "flakySub";
        const backoff = op === "flaky" ? 1 + below(2) : 1;
        return { op, key: key(), fails, max, firstMs: waitMs(), backoff };
      }
      case 3:
        return { op: "timer", ms: waitMs() };
      case 4:
        return depth > 0 ? { op: "sub", steps: steps(depth - 1, 1 + below(3)) } : act;
      default:
        return act;
    }
  };
  const leaves = (depth: number, count: number) => Array.from({ length: count }, () => leaf(depth));

  const step = (depth: number): Step => {
    switch (below(9)) {
      case 0:
      case 1:
        return { op: "all", leaves: leaves(depth, 1 + below(6)) };
      case 2: {
        if (!traits.races) break;
        // Timers of different length, so that the clock alone names the winner.
        const lengths = new Set(Array.from({ length: 2 + below(3) }, waitMs));
        const timers = [...lengths].map((ms): Leaf => ({ op: "timer", ms }));
        return { op: "any", leaves: timers, cancel: next() < 0.7 };
      }
      case 3:
      case 4:
        return {
          op: "background",
          leaf: leaf(depth),
          front: { op: "act", key: key(), value: 0 },
          steps: depth > 0 ? steps(depth - 1, 1 + below(3)) : [],
        };
      case 5:
        return { op: "event", name: `event-${key()}` };
      case 6:
        if (next() < 0.4) return { op: "again" };
        break;
    }
    return { op: "one", leaf: leaf(depth) };
  };
  // A turn-over inside a background's steps would end them in the middle.
  const inner = (depth: number): Step => {
    const made = step(depth);
    return made.op === "again" ? { op: "one", leaf: { op: "timer", ms: 1 } } : made;
  };
  function steps(depth: number, count: number): Step[] {
    return Array.from({ length: count }, () => inner(depth));
  }
  const depth = next() < 0.8 ? traits.depth : traits.depth + 1;
  return Array.from({ length: 1 + below(traits.longest) }, () => step(depth));
}

class Failed extends Error {}

function leafResult(leaf: Leaf): unknown {
  switch (leaf.op) {
    case "act":
      return leaf.value;
    case "timer":
      return null;
    case "flaky":
    case "flakySub":
      if (leaf.fails >= leaf.max) throw new Failed();
      return leaf.op === "flaky" ? `ok:${leaf.key}` : [`ok:${leaf.key}`];
    case "sub":
      return expectedResult(leaf.steps);
  }
}

function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof Failed) return "failed";
    throw error;
  }
}

function stepResult(step: Step): unknown {
  switch (step.op) {
    case "one":
      return outcome(() => leafResult(step.leaf));
    case "all":
      return outcome(() => step.leaves.map(leafResult));
    case "any": {
      const ms = step.leaves.map((leaf) => (leaf.op === "timer" ? leaf.ms : Infinity));
      return ms.indexOf(Math.min(...ms));
    }
    case "background":
      return [step.steps.map(stepResult), outcome(() => leafResult(step.leaf))];
    case "event":
      return `raised:${step.name}`;
    case "again":
      return undefined;
  }
}

export function expectedResult(steps: readonly Step[]): unknown[] {
  return steps.filter(({ op }) => op !== "again").map(stepResult);
}
