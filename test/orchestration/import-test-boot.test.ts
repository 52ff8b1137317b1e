/** Where the image of a dropped file is booted: in the isolated subnet of its own region, or nothing is begun. */
import { expect, test } from "vitest";
import type { SubnetFacts, SurveyQuestion } from "../../src/domain/survey.js";
import type { TestVm } from "../../src/domain/test-boot.js";
import { testHostName, testVmId } from "../../src/domain/test-boot.js";
import { auditedWindows } from "../support/capture-world.js";
import { IMAGE_ID, done, reportOf } from "../support/import-world.js";
import { board, inputsOf, run } from "../support/run-import.js";
import { operation } from "../support/scripted-operation.js";

const subnet = (network: string, subscription = "s") =>
  `/subscriptions/${subscription}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/${network}/subnets/work`;
const LIES_IN: Readonly<Record<string, string>> = {
  [subnet("west")]: "westeurope",
  [subnet("north")]: "northeurope",
};

function surveyAzure(question: SurveyQuestion) {
  if (question.ask !== "subnet") throw new Error("An import asks for nothing else.");
  const location = LIES_IN[question.subnetId];
  const known: SubnetFacts | null = location === undefined ? null : { location, freeAddresses: 9 };
  return done({ ...question, subnet: { known } });
}

const imported = (workSubnetIds: readonly string[]) =>
  run(
    {
      surveyAzure,
      examineDrop: () => done(reportOf({ osFamily: "Windows" })),
      ...operation("createTestVm", () => null),
      ...operation("askGuest", () => ({
        output: auditedWindows({ dataDiskLuns: [], hostName: testHostName(testVmId(IMAGE_ID, "web-1")) }),
      })),
    },
    { testBoot: true, location: "northeurope", workSubnetIds },
  );

test("an image is booted in the subnet of its region, wherever that subnet is listed in the setting", async () => {
  const outcome = await imported([subnet("west"), subnet("north"), subnet("away", "another")]);
  expect(board(outcome)).toMatchObject({ status: "succeeded" });
  expect(inputsOf<TestVm>(outcome, "createTestVmStart")).toMatchObject([
    { location: "northeurope", subnetId: subnet("north") },
  ]);
  const asked = inputsOf<{ subnetId: string }>(outcome, "surveyAzure").map(({ subnetId }) => subnetId);
  expect(asked).toEqual([subnet("west"), subnet("north")]);
});

const rows: readonly (readonly [why: string, workSubnetIds: readonly string[], said: string])[] = [
  ["none is configured", [], "WORK_SUBNET_ID"],
  ["none is in its region", [subnet("west")], "northeurope: west/work is in westeurope"],
  ["none is in its subscription", [subnet("away", "another")], "another"],
  ["the one that is named is not there", [subnet("none")], "subnet none/work does not exist"],
];
test.each(rows)("it is refused before a byte is moved where %s", async (_why, workSubnetIds, said) => {
  const outcome = await imported(workSubnetIds);
  expect(board(outcome)).toMatchObject({
    status: "refused",
    error: { code: "INVALID_REQUEST", stage: "doctor" },
  });
  expect(`${board(outcome).error?.message} ${board(outcome).error?.remedy}`).toContain(said);
  expect(outcome.calls.map(({ name }) => name)).not.toContain("planMending");
});
