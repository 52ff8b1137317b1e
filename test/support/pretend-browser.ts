/**
 * As much of a document as the status page touches, to run its script in without a browser. Text stays text here: an
 * element has no HTML to be set, and whatever the script asks for that is not here breaks the test.
 */
import { setImmediate as turn } from "node:timers/promises";
import { createContext, runInContext } from "node:vm";

type Listener = (event: Record<string, unknown>) => unknown;

export class Element {
  children: (Element | string)[] = [];
  readonly attributes = new Map<string, string>();
  readonly #listeners = new Map<string, Listener[]>();
  hidden = false;
  id = "";
  className = "";
  value = "";
  returnValue = "";
  isOpen = false;
  href = "";
  disabled = false;
  readonly classList = {
    toggle: (name: string, on: boolean) => {
      this.className = on ? name : "";
    },
  };

  constructor(
    readonly tag: string,
    private readonly page: { activeElement: Element | undefined },
  ) {}

  get dataset(): Record<string, string | undefined> {
    return { focus: this.attributes.get("data-focus") };
  }
  get textContent(): string {
    return this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join("");
  }
  set textContent(text: string) {
    this.children = [text];
  }
  /** Itself and everything in it. */
  get all(): Element[] {
    return [this, ...this.children.flatMap((child) => (typeof child === "string" ? [] : child.all))];
  }
  setAttribute = (name: string, value: string) => void this.attributes.set(name, value);
  append = (...children: (Element | string)[]) => void this.children.push(...children);
  replaceChildren = (...children: (Element | string)[]) => void (this.children = children);
  addEventListener = (type: string, act: Listener) =>
    void this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), act]);
  querySelector = (tag: string) => this.all.find((one) => one.tag === tag) ?? null;
  focus = () => void (this.page.activeElement = this);
  showModal = () => void (this.isOpen = true);
  async hears(type: string, event: Record<string, unknown> = {}): Promise<void> {
    for (const act of this.#listeners.get(type) ?? [])
      await act({ target: this, preventDefault: () => undefined, ...event });
  }
}

export interface Asked {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}
export interface Answer {
  readonly status?: number;
  readonly json?: unknown;
}

/** Opens the page at an address; the app is what `answer` says, or away where it throws. */
export async function openPage(
  html: string,
  script: string,
  address: string,
  answer: (asked: Asked) => Answer,
) {
  const document = {
    activeElement: undefined as Element | undefined,
    hidden: false,
    title: "",
    getElementById: (id: string) => byId.get(id) ?? null,
    createElement: (tag: string) => new Element(tag, document),
    querySelector: (selector: string) => {
      const focus = /^\[data-focus="(.*)"\]$/.exec(selector)?.[1];
      return everything().find((one) => one.dataset["focus"] === focus) ?? null;
    },
    addEventListener: (type: string, act: Listener) => page.addEventListener(`document ${type}`, act),
  };
  const byId = new Map(
    [...html.matchAll(/<([a-z0-9]+)\b[^>]*\bid="([^"]+)"([^>]*)/g)].map(
      ([, tag = "", id = "", rest = ""]) => {
        const one = new Element(tag, document);
        return [id, Object.assign(one, { id, hidden: /\bhidden\b/.test(rest) })] as const;
      },
    ),
  );
  const everything = () => [...byId.values()].flatMap((one) => one.all);
  const page = new Element("window", document);
  const asked: Asked[] = [];
  const waits: { readonly act: () => unknown; readonly ms: number }[] = [];
  const stored = new Map<string, string>();
  const location = new URL(address);

  runInContext(
    script,
    createContext({
      document,
      location,
      URL,
      AbortSignal,
      CSS: { escape: (text: string) => text },
      addEventListener: page.addEventListener,
      sessionStorage: {
        getItem: (name: string) => stored.get(name) ?? null,
        setItem: (name: string, value: string) => void stored.set(name, value),
        removeItem: (name: string) => void stored.delete(name),
      },
      setTimeout: (act: () => unknown, ms: number) => waits.push({ act, ms }),
      clearTimeout: () => undefined,
      fetch: (url: URL, { method = "GET", headers = {}, body }: Partial<Asked> = {}) => {
        const one = { path: url.pathname, method, headers, body };
        asked.push(one);
        return new Promise((resolve) => {
          const { status = 200, json = {} } = answer(one);
          resolve({ ok: status < 300, status, json: () => Promise.resolve(json) });
        });
      },
    }),
  );
  await turn();
  return {
    asked,
    document,
    /** How long the page waits before it asks again, each time. */
    waits,
    $: (id: string): Element => {
      const found = byId.get(id);
      if (found === undefined) throw new Error(`The page has no ${id}.`);
      return found;
    },
    /** The time that the page waits for has passed. */
    later: async (): Promise<void> => {
      await waits.at(-1)?.act();
      await turn();
    },
    goTo: async (hash: string): Promise<void> => {
      location.hash = hash;
      await page.hears("hashchange");
      await turn();
    },
    looksAway: async (away: boolean) => {
      document.hidden = away;
      await page.hears("document visibilitychange");
      await turn();
    },
  };
}
