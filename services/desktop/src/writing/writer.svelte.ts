// Keeps a draft: each word in this browser at once, all of it at the server within seconds.

import { ApiError } from "../api/client";
import type { StateMessage } from "../api/types";
import { desk, type Outcome, reasonOf } from "../work/desk.svelte";
import type { Item } from "../work/fold";
import { dropCopy, readCopy, writeCopy } from "./copies";
import { edits, type Fields, fieldsOf, met, same } from "./fields";

export type Kept = "kept" | "keeping" | "here" | "changed" | "failed";

const COPY_AFTER = 150;
const SAVE_AFTER = 1_500;
const SAVE_AT_LATEST = 4_000;
const AGAIN_AFTER = 3_000;

export class Writer {
  readonly id: string;
  fields = $state.raw<Fields>({ to: [], cc: [], bcc: [], subject: "", text: "" });
  kept = $state<Kept>("kept");
  problem = $state("");
  // What the server has, where it cannot be joined with what was written here.
  conflict = $state.raw<Fields | null>(null);
  isRestored = $state(false);
  #base: Fields;
  #version: number;
  #sent: Fields | null = null;
  #copying: ReturnType<typeof setTimeout> | undefined;
  #saving: ReturnType<typeof setTimeout> | undefined;
  #changedAt = 0;
  #running: Promise<void> | null = null;
  #hasEnded = false;

  constructor(draft: Item) {
    this.id = draft.id;
    this.#base = fieldsOf(draft);
    this.fields = this.#base;
    this.#version = draft.sequence;
    void this.#restore();
  }

  get hasAll(): boolean {
    return same(this.fields, this.#base);
  }

  edit(part: Partial<Fields>): void {
    this.fields = { ...this.fields, ...part };
    this.#changed();
  }

  // Takes a newer version of the server: its own save, a file, or what another window wrote.
  hear(draft: Item): void {
    if (draft.sequence <= this.#version || draft.email_object.truncated) return;
    if (draft.email_object.Text === undefined) return;
    this.#version = draft.sequence;
    const theirs = fieldsOf(draft);
    if (same(theirs, this.#base) || (this.#sent && same(theirs, this.#sent))) {
      this.#base = theirs;
      return;
    }
    this.#meet(theirs);
  }

  choose(fields: Fields): void {
    this.conflict = null;
    this.edit(fields);
  }

  // Saves until the server has everything; false where that is not possible now.
  async flush(): Promise<boolean> {
    clearTimeout(this.#saving);
    await this.#running;
    if (!this.hasAll) await this.#save();
    return this.hasAll && !this.conflict;
  }

  // Stops, as the draft was sent or discarded.
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#copying);
    clearTimeout(this.#saving);
    void dropCopy(this.#user, this.id);
  }

  get #user(): string {
    return desk.user?.id ?? "";
  }

  async #restore(): Promise<void> {
    const copy = await readCopy(this.#user, this.id);
    if (!copy || this.#hasEnded || !this.hasAll) return;
    if (same(copy.fields, this.#base)) {
      void dropCopy(this.#user, this.id);
      return;
    }
    const theirs = this.#base;
    this.#base = copy.base;
    this.fields = copy.fields;
    this.isRestored = true;
    this.#meet(theirs);
  }

  #meet(theirs: Fields): void {
    const joined = met(this.#base, this.fields, theirs);
    this.#base = theirs;
    if (joined) this.fields = joined;
    else this.conflict = theirs;
    if (!this.hasAll) this.#changed();
  }

  #changed(): void {
    this.kept = "changed";
    this.#changedAt ||= Date.now();
    clearTimeout(this.#copying);
    this.#copying = setTimeout(() => void this.#copy(), COPY_AFTER);
    this.#saveIn(Math.min(SAVE_AFTER, Math.max(0, this.#changedAt + SAVE_AT_LATEST - Date.now())));
  }

  async #copy(): Promise<void> {
    if (this.#hasEnded) return;
    const isThere = await writeCopy(this.#user, this.id, {
      base: this.#base,
      fields: this.fields,
    });
    if (isThere && this.kept === "changed") this.kept = "here";
  }

  #saveIn(milliseconds: number): void {
    clearTimeout(this.#saving);
    if (this.#hasEnded) return;
    this.#saving = setTimeout(() => void this.#save(), milliseconds);
  }

  #save(): Promise<void> {
    this.#running ??= this.#saveNow().finally(() => (this.#running = null));
    return this.#running;
  }

  async #saveNow(): Promise<void> {
    if (this.#hasEnded || this.conflict) return;
    if (this.hasAll) {
      this.#settled();
      return;
    }
    const sent = this.fields;
    this.#sent = sent;
    this.#changedAt = 0;
    this.kept = "keeping";
    try {
      const { body } = await desk.api.ask<Outcome>("PUT", `/me/interactions/${this.id}`, {
        body: { email_object: edits(this.#base, sent) },
        ifMatch: `"${this.#version}"`,
        wait: 10,
        patience: 0,
      });
      this.#base = sent;
      this.problem = "";
      if (body.interaction) this.#took(body.interaction);
    } catch (error) {
      await this.#failed(error);
    } finally {
      this.#sent = null;
    }
    if (this.hasAll) this.#settled();
    else if (!this.#hasEnded && this.kept === "keeping") this.#changed();
  }

  #took(message: StateMessage): void {
    this.#version = Math.max(this.#version, message.sequence);
    desk.take(message);
  }

  #settled(): void {
    this.kept = "kept";
    this.problem = "";
    clearTimeout(this.#copying);
    void dropCopy(this.#user, this.id);
  }

  async #failed(error: unknown): Promise<void> {
    if (!(error instanceof ApiError)) throw error;
    if (error.isChanged) {
      // The newer version comes in through `hear`; without a connection it is read.
      const draft = await desk.refresh(this.id).catch(() => undefined);
      if (draft) this.hear(draft);
      this.#saveIn(SAVE_AFTER);
      return;
    }
    await this.#copy();
    if (error.isPassing || error.isLogin) {
      this.kept = "here";
      this.#saveIn(AGAIN_AFTER);
      return;
    }
    this.kept = "failed";
    this.problem = reasonOf(error);
  }
}

const writers = new Map<string, Writer>();

// The one writer of a draft; it goes on saving while another mail is shown.
export function writerOf(draft: Item): Writer {
  const known = writers.get(draft.id);
  if (known) return known;
  const writer = new Writer(draft);
  writers.set(draft.id, writer);
  return writer;
}

export function endWriter(id: string): void {
  writers.get(id)?.end();
  writers.delete(id);
}
