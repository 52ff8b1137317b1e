/** What a log shows of a body, and what it never shows. */
import { describe, expect, it } from "vitest";
import { masked, maskText, shownBody } from "../../../src/local/masking.js";

const json = JSON.stringify;

describe("a body in a log", () => {
  it.each([
    [json({ properties: { osType: "Linux" } }), "it hides nothing, and stays as it was written"],
    ['{ "spaced" : [1, 2] }', "also its spaces"],
    ["plain text, not JSON", "text is text"],
    [json({ error: { code: "Conflict" } }), "a member named code is no key"],
    [json({ text: "the assign=2 and decode=3 of a script" }), "a longer word is another word"],
  ])("shows %s: %s", (body) => {
    expect(shownBody(body)).toBe(body);
    expect(shownBody(Buffer.from(body))).toBe(body);
  });

  it.each([
    [json({ accessSAS: "https://x/y?sv=1&sig=SECRET" }), "a grant"],
    [json({ uri: "https://x/y?sv=1&sig=SECRET%3D&se=2" }), "a signature in a URL"],
    [json({ to: "https://x/?next=https%3A%2F%2Fy%3Fa%3D1%26sig%3DSECRET" }), "a URL inside of a URL"],
    [json({ a: "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=SECRET=;b=c" }), "a Service Bus key"],
    [json({ a: "AccountName=n;AccountKey=SECRET==;b=c" }), "a storage key"],
    [json({ purge: "http://localhost/runtime/webhooks?connection=Storage&code=SECRET" }), "a host key"],
    [json({ "x-functions-key": "SECRET" }), "a host key in a header"],
    [json([{ protectedParameters: [{ name: "p", value: "SECRET" }] }]), "protected parameters"],
    [json({ parameters: { MarkerUrl: "SECRET" } }), "a place to write to, in any case"],
    [json({ osProfile: { adminPassword: "SECRET", customData: "SECRET" } }), "an administrator"],
    [
      json({ windowsConfiguration: { additionalUnattendContent: [{ content: "<Value>SECRET</Value>" }] } }),
      "an answer file, which has the password of the automatic logon",
    ],
    [json({ Input: json({ vm: { adminPassword: "SECRET" } }) }), "JSON as text inside of JSON"],
    [json({ Input: json([json({ markerUrl: "SECRET" })]) }), "and once more inside"],
    [json(json({ adminPassword: "SECRET" })), "JSON as text, alone"],
    ['{"adminPassword": "SECRET", ', "a body that broke off: what cannot be parsed is not shown at all"],
    ["SharedAccessKey=SECRET", "text that is no JSON"],
  ])("hides the secret of %s: %s", (body) => {
    const shown = shownBody(body);
    expect(shown).not.toContain("SECRET");
    expect(shown).toContain("***");
  });

  it("is cut after its secrets were masked: the cut cannot make one unrecognisable", () => {
    const body = json({ pad: "x".repeat(1950), url: `https://x/?sig=${"S".repeat(100)}` });
    const shown = shownBody(body);
    expect(shown).not.toContain("SS");
    expect(shownBody("y".repeat(3000))).toBe(`${"y".repeat(2000)}…`);
  });

  it("tells of bytes that are no text only how many they are, and of nothing, nothing", () => {
    expect(shownBody(Buffer.from([0xff, 0xfe, 0x00]))).toBe("(3 bytes)");
    expect(shownBody(Buffer.alloc(0))).toBeUndefined();
    expect(shownBody(undefined)).toBeUndefined();
  });
});

it("masks a recording member by member and leaves numbers, nulls and order alone", () => {
  expect(json(masked({ b: 1, a: [null, { userData: "x" }, "?sig=x&y=1"], t: true }))).toBe(
    json({ b: 1, a: [null, { userData: "***" }, "?sig=***&y=1"], t: true }),
  );
  expect(maskText("?a=1&sig=abc d")).toBe("?a=1&sig=*** d");
});
