/** The Bicep files by their text: there is no compiler of them among npm's packages. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readSettings, settingNames } from "../../src/settings.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const files = readdirSync(join(root, "infra"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".bicep"))
  .map((name) => join("infra", name));
const withoutComments = (text: string) => text.replace(/^\s*\/\/.*$/gm, "");

/** What stands between the braces that open after `start`. */
function block(text: string, start: string): string {
  const from = text.indexOf("{", text.indexOf(start) + start.length - 1);
  if (!text.includes(start)) throw new Error(`There is no ${start}.`);
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return text.slice(from + 1, at);
  }
  throw new Error(`${start} is not closed.`);
}

const namesIn = (object: string) => [...object.matchAll(/^ +(\w+):/gm)].map(([, name = ""]) => name);

describe("the app's settings in Azure", () => {
  const text = withoutComments(read("infra/modules/function-app.bicep"));
  /** Only for an embedded Azure: connection strings with a key, and its address. */
  const localOnly = ["DropStorage", "ServiceBus", "ARM_ENDPOINT"];

  it("are those that the app reads, no more and no fewer", () => {
    const inAzure = namesIn(block(text, "var appSettings = "));
    expect(inAzure.toSorted()).toEqual(settingNames.filter((name) => !localOnly.includes(name)).toSorted());
  });

  it("mend with the app's own defaults: the size of a slice is decided in one place", () => {
    const set = [...block(text, "var appSettings = ").matchAll(/^ +(MEND_\w+): '(.+)'$/gm)];
    const given = Object.fromEntries(set.map(([, name = "", value = ""]) => [name, value]));
    const { Values } = JSON.parse(read("local.settings.sample.json")) as { Values: Record<string, string> };
    const others = Object.entries(Values).filter(([name]) => !name.startsWith("MEND_"));
    const without = Object.fromEntries(others);
    expect(set.length).toBeGreaterThan(4);
    expect(readSettings({ ...without, ...given })).toEqual(readSettings(without));
    expect(readSettings(Values)).toEqual(readSettings(without));
  });

  it("are valid: the app starts with them", () => {
    const sample = JSON.parse(read("local.settings.sample.json")) as { Values: Record<string, string> };
    const values = [...block(text, "var appSettings = ").matchAll(/^ +(\w+): (.+)$/gm)].map(
      ([, name = "", value = ""]) => {
        const literal = /^'([^'$]*)'$/.exec(value)?.[1];
        const given =
          name === "DropStorage__blobServiceUri"
            ? "https://a.blob.core.windows.net"
            : (sample.Values[name] ?? value);
        return [name, literal ?? given] as const;
      },
    );
    expect(() => readSettings(Object.fromEntries(values))).not.toThrow();
  });

  it("connect by identity what the local settings connect by connection string", () => {
    const sample = JSON.parse(read("local.settings.sample.json")) as { Values: Record<string, string> };
    const all = [
      ...namesIn(block(text, "var hostSettings = ")),
      ...namesIn(block(text, "var appSettings = ")),
    ];
    for (const connection of ["AzureWebJobsStorage", "ServiceBus", "DropStorage"]) {
      expect(Object.keys(sample.Values)).toContain(connection);
      expect(all).not.toContain(connection);
      expect(all.some((name) => name.startsWith(`${connection}__`))).toBe(true);
    }
    const own = Object.keys(sample.Values).filter(
      (name) => /_/.test(name) && !/^FUNCTIONS_|^ARM_/.test(name),
    );
    expect(all).toEqual(expect.arrayContaining(own));
  });
});

describe("the Bicep files", () => {
  it.each(files)("hold no key and ask for none: %s", (file) => {
    const text = withoutComments(read(file));
    expect(text).not.toMatch(
      /\blist(Keys|AccountSas|ServiceSas|Secrets)?\(|AccountKey|SharedAccessKey|password/i,
    );
    for (const [, name = ""] of text.matchAll(/^output (\w+)/gm)) expect(name).not.toMatch(/key|secret/i);
    for (const [, name = ""] of text.matchAll(/^param (\w*(?:key|secret|token)\w*) /gim))
      expect(text).toMatch(new RegExp(`@secure\\(\\)\\n(@description.*\\n)?param ${name} `));
  });

  it("disable every access by key", () => {
    expect(read("infra/modules/storage.bicep")).toMatch(/allowSharedKeyAccess: false/);
    expect(read("infra/modules/storage.bicep")).toMatch(/isHnsEnabled: false/);
    expect(read("infra/modules/service-bus.bicep")).toMatch(/disableLocalAuth: true/);
    expect(read("infra/modules/monitoring.bicep")).toMatch(/DisableLocalAuth: true/);
  });

  it.each(files)(
    "name modules that are there, give each what it needs, and use what it gives: %s",
    (file) => {
      const text = withoutComments(read(file));
      for (const [declaration, name = "", path = ""] of text.matchAll(
        /^module (\w+) '([^']+)' = (?:\[\s*for \w+ in \w+: )?/gm,
      )) {
        const module = join(root, dirname(file), path);
        expect(existsSync(module), path).toBe(true);
        const inner = withoutComments(readFileSync(module, "utf8"));
        const declared = [...inner.matchAll(/^param (\w+) \w+( =)?/gm)];
        const given = namesIn(block(block(text, declaration), "params: ")).toSorted();
        const needed = declared.filter(([, , optional]) => !optional).map(([, one]) => one);
        expect(
          declared.map(([, one]) => one),
          `${name} takes`,
        ).toEqual(expect.arrayContaining(given));
        expect(given, `${name} is given`).toEqual(expect.arrayContaining(needed));
        const outputs = [...inner.matchAll(/^output (\w+) /gm)].map(([, one]) => one);
        for (const [, used] of text.matchAll(new RegExp(`\\b${name}\\.outputs\\.(\\w+)`, "g")))
          expect(outputs, `${name} gives`).toContain(used);
      }
    },
  );

  it.each(files)("declare nothing that they do not use: %s", (file) => {
    const text = withoutComments(read(file));
    for (const [, name = ""] of text.matchAll(/^(?:param|var) (\w+)\b/gm))
      expect(text.match(new RegExp(`\\b${name}\\b`, "g"))?.length, name).toBeGreaterThan(1);
  });

  it("close the network of working VMs except for the platform and storage", () => {
    const text = read("infra/modules/work-network.bicep");
    const rules = text
      .split(/name: '/)
      .filter((rule) => rule.includes("access:"))
      .map((rule) => ({
        name: rule.slice(0, rule.indexOf("'")),
        allows: rule.includes("access: 'Allow'"),
        inbound: rule.includes("direction: 'Inbound'"),
        to: /destinationAddressPrefix: (\S+)/.exec(rule)?.[1],
      }));
    expect(rules.filter(({ allows, inbound }) => allows && inbound)).toEqual([]);
    expect(rules.filter(({ allows }) => allows).map(({ to }) => to)).toEqual(["platform", "'Storage'"]);
    expect(rules.filter(({ allows }) => !allows).map(({ inbound }) => inbound)).toEqual([true, false]);
    expect(text).toMatch(/defaultOutboundAccess: false/);
  });
});

describe("the pipeline's role", () => {
  const granted = [...read("infra/modules/pipeline-role.bicep").matchAll(/^ +'(Microsoft[^']+)'$/gm)].map(
    ([, action = ""]) => action,
  );
  /** What a client of the SDK, or the name that an adapter gives it, is called in an action. */
  const types: Readonly<Record<string, string>> = {
    virtualMachines: "virtualMachines",
    vms: "virtualMachines",
    virtualMachineRunCommands: "virtualMachines/runCommands",
    commands: "virtualMachines/runCommands",
    disks: "disks",
    snapshots: "snapshots",
    restorePointCollections: "restorePointCollections",
    restorePoints: "restorePointCollections/restorePoints",
    images: "images",
    galleries: "galleries",
    galleryImages: "galleries/images",
    galleryImageVersions: "galleries/images/versions",
    usage: "locations/usages",
    resourceSkus: "skus",
  };
  const verbs: Readonly<Record<string, string>> = {
    get: "read",
    getByVirtualMachine: "read",
    list: "read",
    listAll: "read",
    listByResourceGroup: "read",
    listByGalleryImage: "read",
    listByVirtualMachine: "read",
    createOrUpdate: "write",
    create: "write",
    update: "write",
    delete: "delete",
  };
  const actionOf = (type: string, verb: string) =>
    `Microsoft.Compute/${types[type] ?? ""}/${verbs[verb] ?? `${verb}/action`}`;

  const called = new Set(
    readdirSync(join(root, "src/adapters/arm")).flatMap((name) => {
      const calls = read(`src/adapters/arm/${name}`).matchAll(
        /(?:\bclient\.(\w+)|\b(vms|commands))\.(\w+)\(/g,
      );
      return [...calls].flatMap(([, client, alias = "", verb = ""]) => {
        const type = client ?? alias;
        return type === "pipeline" ? [] : [actionOf(type, verb)];
      });
    }),
  );

  it("allows every operation that an adapter calls", () => {
    expect(called.size).toBeGreaterThan(25);
    expect(granted).toEqual(expect.arrayContaining([...called]));
  });

  it("allows no change that no adapter makes", () => {
    /** Done by Azure on our behalf, with our rights: the working VM's interface comes and goes with it, and so on. */
    const indirect = /^Microsoft\.(Network|ManagedIdentity|Storage)\//;
    const changing = granted.filter((action) => !action.endsWith("/read") && !indirect.test(action));
    expect(changing.filter((action) => !called.has(action))).toEqual([]);
    expect(granted.filter((action) => action.includes("*"))).toEqual([]);
    expect(new Set(granted).size).toBe(granted.length);
  });
});

describe("what is published", () => {
  const rules = read(".funcignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  /** The last rule that matches wins, as in a .gitignore; only plain paths and a whole folder's `/*` are used. */
  function ships(path: string): boolean {
    const deciding = rules.findLast((rule) => {
      const plain = rule.replace(/^!/, "").replace(/\/\*$/, "/");
      return path === plain || path.startsWith(plain.endsWith("/") ? plain : `${plain}/`);
    });
    return deciding === undefined || deciding.startsWith("!");
  }

  it.each([
    "dist/main.js",
    "dist/domain/names.js",
    "host.json",
    "package.json",
    "src/guest/linux/seal.sh",
    "src/dashboard/app.js",
    "node_modules/zod/package.json",
  ])("holds what the app needs: %s", (path) => expect(ships(path)).toBe(true));

  it.each([
    "dist/local/start/main.js",
    "dist/cli/main.js",
    "test/cli/drop.test.ts",
    "bench/run.ts",
    "docs/cli.md",
    "infra/main.bicep",
    "src/main.ts",
    "local.settings.json",
    ".local/keys.json",
  ])("holds nothing else: %s", (path) => expect(ships(path)).toBe(false));
});
