import { expect, it } from "vitest";
import { isQuiet, isTime } from "../src/alarm/quiet_hours";

const at = (time: string): Date => new Date(`2026-11-30T${time}:00`);

it.each([
  ["22:00", "06:00", "22:00", true],
  ["22:00", "06:00", "05:59", true],
  ["22:00", "06:00", "06:00", false],
  ["12:00", "13:00", "12:30", true],
  ["12:00", "13:00", "13:00", false],
  ["12:00", "12:00", "12:00", false],
  ["", "06:00", "05:00", false],
  ["22:00", "", "23:00", false],
])("from %s to %s, %s is quiet: %s", (from, to, now, is) => {
  expect(isQuiet(from, to, at(now))).toBe(is);
});

it.each([["", true], ["07:30", true], ["24:00", false], ["7:30", false], [730, false]])(
  "%s is a time: %s",
  (text, is) => {
    expect(isTime(text)).toBe(is);
  },
);
