import { expect, test, vi } from "vitest";

vi.stubGlobal("document", { querySelector: () => null });
vi.stubGlobal("location", { search: "", pathname: "/desktop/" });
const { readSignInEnd } = await import("../src/shell/sign_in");

test.each([
  ["", { outcome: "", inWindow: false }],
  ["?sign-in=late", { outcome: "late", inWindow: false }],
  ["?sign-in=done&window", { outcome: "done", inWindow: true }],
])("address %o tells how a login ended", (query, end) => {
  expect(readSignInEnd(query)).toEqual(end);
});
