// The choices of an agent: kept at the server for every machine, and here for the next start.

import type { Api } from "../api/client";
import { language, preferredLanguage } from "../words/language.svelte";
import { type Chosen, DEFAULTS, readChosen } from "./chosen";

interface Stored {
  // The agent whose choice it is; agents may share a browser.
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
  // Whether the server has told what it has, and what was chosen before that.
  #isRead = false;
  #unread: Partial<Chosen> = {};
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

  // Goes on with what the server has for the agent who has logged in. Where it does not tell, with
  // what this browser knows of that agent, else with the choices of the first day.
  async load(api: Api, user: string): Promise<void> {
    this.#api = api;
    if (this.#user !== "" && this.#user !== user) this.#chosen = DEFAULTS;
    this.#user = user;
    this.#isRead = false;
    this.#unread = {};
    try {
      await this.#read(api);
    } finally {
      this.#keepHere();
      this.#apply();
    }
  }

  change(part: Partial<Chosen>): void {
    this.#chosen = { ...this.#chosen, ...part };
    this.#unread = { ...this.#unread, ...part };
    this.#keepHere();
    this.#apply();
    clearTimeout(this.#storing);
    this.#storing = setTimeout(() => void this.#store(), STORED_AFTER);
  }

  allowNotifications(isAllowed: boolean): void {
    this.#notifications = isAllowed;
    this.#keepHere();
  }

  async #read(api: Api): Promise<void> {
    // The desktop opens with them: it does not wait long.
    const { preferences } = await api.get<{ preferences: object }>(PATH, { patience: 1 });
    if (Object.keys(preferences).length > 0) {
      this.#chosen = { ...readChosen(preferences), ...this.#unread };
    }
    this.#isRead = true;
  }

  async #store(): Promise<void> {
    const api = this.#api;
    if (!api) return;
    try {
      // One change does not replace what could not be read yet.
      if (!this.#isRead) {
        await this.#read(api);
        this.#keepHere();
        this.#apply();
      }
      await api.ask("PUT", PATH, { body: { preferences: this.#chosen } });
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
