import { expect, it } from "vitest";
import type { Interaction } from "../src/api/types";
import { type Find, findsOf, keptFinds, unknownFinds } from "../src/worklist/finds";

function mail(id: string, subject: string, workbinId?: string): Find {
  const one: Find = { id, state: "", sequence: 1, email_object: { subject }, capabilities: [] };
  return workbinId ? { ...one, workbinId } : one;
}

const FINDS = findsOf([mail("a", "lamp"), mail("b", "chair", "bin"), mail("c", "lamp", "bin"), mail("d", "x", "other")]);

it("shows of a workbin what fits here, then what only the server knows", () => {
  const content = new Map([mail("b", "chair"), mail("e", "lamp"), mail("f", "desk")].map((one) => [one.id, one]));
  const fits = (one: Interaction): boolean => one.email_object.subject === "lamp" || FINDS.has(one.id);

  expect(keptFinds("bin", content, fits, FINDS).map((one) => one.id)).toEqual(["b", "e", "c"]);
});

it("reads what the agent works on and is not here", () => {
  expect(unknownFinds(FINDS, new Map())).toEqual(["a"]);
  expect(unknownFinds(FINDS, new Map([["a", 1]]))).toEqual([]);
});
