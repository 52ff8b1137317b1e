import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { openPipeline } from "../../src/cli/pipeline-client.js";
import { startApp, vmimage } from "./pretend-app.js";
import type { Answer, App } from "./pretend-app.js";

const KEY = "k-9876543210";
let app: App | undefined;
afterEach(async () => {
  await app?.stop();
  app = undefined;
});

async function runsOf(answer: Answer) {
  app = await startApp(() => answer);
  return vmimage(["runs"], { env: { VMIMAGE_URL: app.url, VMIMAGE_KEY: KEY } });
}

describe("the connection to the pipeline", () => {
  it.each<[string, Answer, number, string]>([
    ["no key", { status: 401 }, 77, "VMIMAGE_KEY"],
    ["a wrong key", { status: 403 }, 77, "VMIMAGE_KEY"],
    ["another web site", { text: "<html>" }, 69, "not JSON"],
    ["another API", { json: { hello: 1 } }, 69, "does not know"],
    ["no such route", { status: 404 }, 69, "no such route"],
    ["an app that broke", { status: 500, text: "Boom" }, 69, "500: Boom"],
    [
      "a redirection, which a key must not follow",
      { status: 302, headers: { location: "https://evil.example/" } },
      69,
      "redirect to https://evil.example/",
    ],
  ])("is told in words, without the key: %s", async (_what, answer, code, words) => {
    const ended = await runsOf(answer);
    expect(ended.code).toBe(code);
    expect(ended.err).toContain(words);
    expect(ended.err + ended.out).not.toContain(KEY);
  });

  it("says where it looked when nobody listens there", async () => {
    const gone = await startApp(() => ({}));
    await gone.stop();
    const { code, err, slept } = await vmimage(["runs", "--url", gone.url, "--key", KEY]);
    expect(code).toBe(69);
    expect(err).toContain(`Nothing is listening at ${gone.url}`);
    expect(err).toContain("npm start");
    expect(slept).toEqual([]);
  });

  it("does not wait for ever", async () => {
    app = await startApp(() => ({ hang: true }));
    await expect(openPipeline({ url: app.url, timeoutMs: 50 }).get("runs")).rejects.toThrow(
      "did not answer within 0.05 s",
    );
  });

  it.each<[string, string, string]>([
    ["no URL", "nonsense", "is not the address"],
    ["another protocol", "ftp://a.example", "is not the address"],
    ["a key inside it", "https://a.example/api?code=secret", "its key in VMIMAGE_KEY"],
    ["the key would go unencrypted", "http://a.example", "unencrypted: use https://a.example"],
  ])("refuses an address before anything is sent: %s", async (_why, url, words) => {
    const { code, err } = await vmimage(["runs", "--url", url], { env: { VMIMAGE_KEY: KEY } });
    expect(code).toBe(64);
    expect(err).toContain(words);
    expect(err).not.toContain("secret");
  });

  it("takes the address with or without /api", async () => {
    app = await startApp(() => ({ json: { count: 0, runs: [] } }));
    for (const tail of ["", "/", "/api", "/api/"]) await vmimage(["runs", "--url", `${app.url}${tail}`]);
    expect(app.asked.map(({ path }) => path)).toEqual(Array(4).fill("/api/runs"));
  });
});

describe("the help", () => {
  it.each(["capture", "drop", "watch", "runs", "cancel", "restore", "resume", "inspect"])(
    "of %s begins with its usage and stays within 120 columns",
    async (name) => {
      const { code, out, err } = await vmimage([name, "--help"]);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toMatch(new RegExp(`^Usage: vmimage ${name}`));
      for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
      expect((await vmimage(["--help"])).out).toContain(`  ${name} `);
    },
  );

  it("is given for a command, for all, and told beside a mistake in a few lines", async () => {
    expect(await vmimage(["help", "watch"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Usage: vmimage watch/) as string,
    });
    expect(await vmimage(["help"])).toMatchObject({ code: 0, out: (await vmimage(["--help"])).out });
    const { code, err } = await vmimage(["capture", "--wat"]);
    expect(code).toBe(64);
    expect(err.split("\n").length).toBeLessThan(8);
    expect(err).toMatch(/^vmimage capture: Unknown option '--wat'/);
    expect(err).toContain("See vmimage capture --help.");
  });

  it("has the version of the package", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(await vmimage(["--version"])).toMatchObject({ code: 0, out: `${version}\n` });
  });
});
