// The choices of an agent, also as another page or an older release has stored them. Pure.

import { isTime } from "../alarm/quiet_hours";

export type Theme = "auto" | "light" | "dark";

export interface Chosen {
  language: string;
  theme: Theme;
  sound: boolean;
  volume: number;
  // Between these times nothing sounds; empty for no such hours.
  quietFrom: string;
  quietTo: string;
  singleKeys: boolean;
  // Whether new words are formatted, and not plain text.
  formats: boolean;
  // Keys that were changed, by action; empty where the action has none.
  keys: Readonly<Record<string, string>>;
}

export const DEFAULTS: Chosen = {
  language: "",
  theme: "auto",
  sound: true,
  volume: 0.4,
  quietFrom: "",
  quietTo: "",
  singleKeys: true,
  formats: true,
  keys: {},
};

const THEMES: readonly unknown[] = ["auto", "light", "dark"];
const MOST_KEYS = 50;

// Everything that fits of what was stored; the rest is as it is at first.
export function readChosen(stored: unknown): Chosen {
  const found = isRecord(stored) ? stored : {};
  const pick = <Name extends keyof Chosen>(name: Name, fits: (value: unknown) => boolean) =>
    (fits(found[name]) ? found[name] : DEFAULTS[name]) as Chosen[Name];
  return {
    language: pick("language", (one) => typeof one === "string" && one.length <= 20),
    theme: pick("theme", (one) => THEMES.includes(one)),
    sound: pick("sound", isFlag),
    volume: pick("volume", (one) => typeof one === "number" && one >= 0 && one <= 1),
    quietFrom: pick("quietFrom", isTime),
    quietTo: pick("quietTo", isTime),
    singleKeys: pick("singleKeys", isFlag),
    formats: pick("formats", isFlag),
    keys: isRecord(found["keys"]) ? readKeys(found["keys"]) : {},
  };
}

function readKeys(stored: Record<string, unknown>): Record<string, string> {
  const fitting = Object.entries(stored)
    .filter((one): one is [string, string] => typeof one[1] === "string" && isKey(one[1]))
    .slice(0, MOST_KEYS);
  return Object.fromEntries(fitting);
}

// One character that can be seen, or none.
export function isKey(name: string): boolean {
  return name === "" || (/^[^\s\p{C}]$/u.test(name));
}

function isFlag(value: unknown): boolean {
  return typeof value === "boolean";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
