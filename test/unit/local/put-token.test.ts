/** What may be sent to the broker as a token before anything is known of the sender. */
import { expect, test } from "vitest";
import { realClock } from "../../../src/local/clock.js";
import { answerPutToken } from "../../../src/local/service-bus/cbs.js";

test.each([
  ["", "nothing"],
  ["SharedAccessSignature", "no field"],
  ["SharedAccessSignature sr=a&se=1&skn=%", "a broken escape in the key's name"],
  ["SharedAccessSignature sr=a&se=1&skn=root&sig=%E0%A4", "a broken escape in the signature"],
  ["SharedAccessSignature sr=a&se=1&skn=root&sig=AAAA", "a signature of another length"],
  ["SharedAccessSignature sr=a&se=never&skn=root&sig=AAAA", "an end that is no time"],
])("the token %s is refused, and nothing is thrown: %s", (body) => {
  const application_properties = { operation: "put-token", type: "servicebus.windows.net:sastoken" };
  const reply = answerPutToken({ application_properties, body }, { name: "root", key: "k" }, realClock);
  expect(reply).toMatchObject({ status: 401, errorCondition: "amqp:unauthorized-access" });
});
