import { expect, it } from "vitest";
import { placeInList } from "../src/shell/focus";

// A list in which each selector finds what is there; what several find is the first on the page.
function page(...there: string[]): ParentNode {
  const querySelector = (selectors: string): unknown =>
    there.find((one) => selectors.split(", ").includes(one)) ?? null;
  return { querySelector } as unknown as ParentNode;
}

it.each([
  [["nav #search", "nav [data-id]", "nav .chosen", "#content"], "nav .chosen"],
  [["nav #search", "nav [data-id]", "#content"], "nav [data-id]"],
  [["nav #search", "#content"], "#content"],
])("of %j takes %s", (there, expected) => {
  expect(placeInList(page(...there))).toBe(expected);
});
