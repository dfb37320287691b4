import { expect, it } from "vitest";
import { Pauses } from "../src/live/pauses";

it("begins at once, then waits longer and longer, within a bound", () => {
  const pauses = new Pauses();

  const waited = [0, 1, 2, 3, 4, 5, 6, 7].map((at) => pauses.next(at));

  expect(waited).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

it("begins anew after a quiet time", () => {
  const pauses = new Pauses();
  pauses.next(0);
  pauses.next(1_000);

  expect(pauses.next(1_000 + 120_000)).toBe(0);
});
