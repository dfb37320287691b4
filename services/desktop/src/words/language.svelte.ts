// The words of the page in the agent's language, and dates and sizes as written there.

import { de } from "./de";
import { en, type Words } from "./en";

export const LANGUAGES: Record<string, Words> = { en, de };

class Language {
  name = $state("en");
  t = $derived(LANGUAGES[this.name] ?? en);
  // The browser's own variant of the language: dates of en-GB are not those of en-US.
  #locale = $derived(navigator.languages.find((one) => one.startsWith(this.name)) ?? this.name);
  #time = $derived(new Intl.DateTimeFormat(this.#locale, { timeStyle: "short" }));
  #day = $derived(new Intl.DateTimeFormat(this.#locale, { day: "numeric", month: "short" }));
  #whole = $derived(
    new Intl.DateTimeFormat(this.#locale, { dateStyle: "medium", timeStyle: "short" }),
  );

  choose(name: string): void {
    this.name = name in LANGUAGES ? name : "en";
    document.documentElement.lang = this.name;
  }

  // The hour of today, else the day.
  short(moment: string | undefined): string {
    const date = new Date(moment ?? "");
    if (Number.isNaN(date.getTime())) return "";
    const isToday = date.toDateString() === new Date().toDateString();
    return (isToday ? this.#time : this.#day).format(date);
  }

  whole(moment: string | undefined): string {
    const date = new Date(moment ?? "");
    return Number.isNaN(date.getTime()) ? "" : this.#whole.format(date);
  }

  size(bytes: number): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
    const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
    return new Intl.NumberFormat(this.#locale, {
      style: "unit",
      unit: units[step] ?? "byte",
      unitDisplay: "short",
      maximumFractionDigits: step > 1 ? 1 : 0,
    }).format(bytes / 1000 ** step);
  }
}

export const language = new Language();

export function preferredLanguage(): string {
  return navigator.languages.map((one) => one.slice(0, 2)).find((one) => one in LANGUAGES) ?? "en";
}
