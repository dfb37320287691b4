import { expect, test } from "vitest";
import { heightFor, TALLEST } from "../src/mail/frame_height";

test("frame with a longer mail grows to it", () => {
  expect(heightFor({ content: 900.2, scrolled: 901, frame: 300 })).toBe(901);
});

test("frame with a shorter mail shrinks to it", () => {
  expect(heightFor({ content: 120.2, scrolled: 300, frame: 300 })).toBe(121);
});

test("frame of an endless mail has an end", () => {
  expect(heightFor({ content: 1e9, scrolled: 1e9, frame: 300 })).toBe(TALLEST);
});
