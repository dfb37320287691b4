import { expect, it } from "vitest";
import { countdown } from "../src/worklist/countdown";

const EXPIRES = "2026-01-01T10:00:30.000Z";
const at = (seconds: number): number => Date.parse(EXPIRES) - 1000 * seconds;

it.each([
  [30, 30, 1],
  [15, 15, 0.5],
  [0.2, 1, 0.2 / 30],
  [0, 0, 0],
  [-5, 0, 0],
])("counts %d s before the end", (before, seconds, share) => {
  const left = countdown(EXPIRES, at(before), 30_000);

  expect(left.seconds).toBe(seconds);
  expect(left.share).toBeCloseTo(share, 5);
});

it("shows nothing where no end is known", () => {
  expect(countdown("", Date.now(), 0)).toEqual({ seconds: 0, share: 0 });
});
