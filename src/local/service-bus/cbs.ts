/** `$cbs`: a client puts a SAS token before it opens a link. The signature is checked with the configured key. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.js";
import type { AmqpMessage } from "./rhea-internals.js";

export interface AccessKey {
  readonly name: string;
  readonly key: string;
}

/** The official emulator's well-known key: no secret, since it opens nothing but emulators. */
export const EMULATOR_KEY: AccessKey = { name: "RootManageSharedAccessKey", key: "SAS_KEY_VALUE" };

export interface Reply {
  readonly status: number;
  readonly description: string;
  readonly errorCondition?: string;
  readonly body?: unknown;
}

export function answerPutToken(request: AmqpMessage, accessKey: AccessKey, clock: Clock): Reply {
  const { operation, type } = request.application_properties ?? {};
  if (operation !== "put-token")
    return { status: 501, description: `Operation ${String(operation)} is not supported on $cbs.` };
  if (type !== "servicebus.windows.net:sastoken") {
    return unauthorized(
      `Tokens of type ${String(type)} are not supported by the local broker, which knows shared access signatures only. ` +
        "Connect with a connection string instead of a credential.",
    );
  }
  const problem = findTokenProblem(String(request.body), accessKey, clock.now());
  return problem === undefined ? { status: 202, description: "Accepted" } : unauthorized(problem);
}

/** SharedAccessSignature sr=<audience>&sig=<base64>&se=<unix s>&skn=<key name>, signed over "sr\nse". */
function findTokenProblem(token: string, accessKey: AccessKey, nowMs: number): string | undefined {
  const fields = new Map(
    token
      .replace(/^SharedAccessSignature /, "")
      .split("&")
      .map((field) => {
        const at = field.indexOf("=");
        return [field.slice(0, at), field.slice(at + 1)] as const;
      }),
  );
  const resource = fields.get("sr");
  const expiry = fields.get("se");
  if (resource === undefined || expiry === undefined) return "The token is no shared access signature.";
  if (decoded(fields.get("skn")) !== accessKey.name) {
    return `The token names another key than ${accessKey.name}. Take the connection string the broker prints.`;
  }
  const expected = createHmac("sha256", accessKey.key).update(`${resource}\n${expiry}`).digest();
  // The SDK writes the signature as it is, other clients URL-encode it.
  const given = Buffer.from(decoded(fields.get("sig")), "base64");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return "The token's signature is wrong: the key differs. Take the connection string the broker prints.";
  }
  return Number(expiry) * 1000 < nowMs ? "The token has expired." : undefined;
}

/** Anybody may send a token: a broken escape in one is a wrong value, and no more. */
function decoded(text = ""): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

const unauthorized = (description: string): Reply => ({
  status: 401,
  description,
  errorCondition: "amqp:unauthorized-access",
});
