// What an agent has chosen on this browser: language, colours, sound, keys.

import { language, preferredLanguage } from "../words/language.svelte";

export type Theme = "auto" | "light" | "dark";

interface Chosen {
  language: string;
  theme: Theme;
  sound: boolean;
  volume: number;
  notifications: boolean;
  singleKeys: boolean;
}

const PLACE = "mailroom.preferences";

class Preferences {
  #chosen = $state<Chosen>({
    language: "",
    theme: "auto",
    sound: true,
    volume: 0.4,
    notifications: false,
    singleKeys: true,
  });

  get current(): Readonly<Chosen> {
    return this.#chosen;
  }

  restore(): void {
    try {
      Object.assign(this.#chosen, JSON.parse(localStorage.getItem(PLACE) ?? "{}"));
    } catch {
      // A private window has no storage: what is chosen lasts as long as the page.
    }
    this.#apply();
  }

  change(part: Partial<Chosen>): void {
    Object.assign(this.#chosen, part);
    try {
      localStorage.setItem(PLACE, JSON.stringify(this.#chosen));
    } catch {
      // As above.
    }
    this.#apply();
  }

  #apply(): void {
    language.choose(this.#chosen.language || preferredLanguage());
    const { theme } = this.#chosen;
    if (theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }
}

export const preferences = new Preferences();
