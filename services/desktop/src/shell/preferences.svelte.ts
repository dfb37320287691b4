// What an agent has chosen: kept at the server for every machine, and here for the next start.

import type { Api } from "../api/client";
import { language, preferredLanguage } from "../words/language.svelte";
import { type Chosen, DEFAULTS, readChosen } from "./chosen";

interface Stored {
  // Whose choice it is; agents may share a browser.
  user: string;
  // Of this browser only, which may have refused them.
  notifications: boolean;
  chosen: unknown;
}

const PLACE = "mailroom.preferences";
const PATH = "/me/preferences";
const STORED_AFTER = 600;

class Preferences {
  #chosen = $state.raw<Chosen>(DEFAULTS);
  #notifications = $state(false);
  #user = "";
  #api: Api | undefined;
  #storing: ReturnType<typeof setTimeout> | undefined;
  // Called where the server does not take what was chosen.
  onRefused: (error: unknown) => void = () => {};

  get current(): Chosen {
    return this.#chosen;
  }

  get notifications(): boolean {
    return this.#notifications;
  }

  // Begins with what this browser knows, before anybody has logged in.
  restore(): void {
    const stored = readHere();
    this.#user = stored?.user ?? "";
    this.#notifications = stored?.notifications ?? false;
    this.#chosen = readChosen(stored?.chosen);
    this.#apply();
  }

  // Goes on with what the server has for the agent who has logged in.
  async load(api: Api, user: string): Promise<void> {
    this.#api = api;
    const isOwn = this.#user === "" || this.#user === user;
    this.#user = user;
    const { preferences } = await api.get<{ preferences: object }>(PATH);
    if (Object.keys(preferences).length > 0) this.#chosen = readChosen(preferences);
    else if (!isOwn) this.#chosen = DEFAULTS;
    this.#keepHere();
    this.#apply();
  }

  change(part: Partial<Chosen>): void {
    this.#chosen = { ...this.#chosen, ...part };
    this.#keepHere();
    this.#apply();
    clearTimeout(this.#storing);
    this.#storing = setTimeout(() => void this.#store(), STORED_AFTER);
  }

  allowNotifications(isAllowed: boolean): void {
    this.#notifications = isAllowed;
    this.#keepHere();
  }

  async #store(): Promise<void> {
    try {
      await this.#api?.ask("PUT", PATH, { body: { preferences: this.#chosen } });
    } catch (error) {
      this.onRefused(error);
    }
  }

  #keepHere(): void {
    const stored: Stored = {
      user: this.#user,
      notifications: this.#notifications,
      chosen: this.#chosen,
    };
    try {
      localStorage.setItem(PLACE, JSON.stringify(stored));
    } catch {
      // A private window has no storage: the server has what was chosen.
    }
  }

  #apply(): void {
    language.choose(this.#chosen.language || preferredLanguage());
    const { theme } = this.#chosen;
    if (theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }
}

function readHere(): Partial<Stored> | null {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? "null") as Partial<Stored> | null;
  } catch {
    return null;
  }
}

export const preferences = new Preferences();
