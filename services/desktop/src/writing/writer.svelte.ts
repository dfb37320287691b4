// Keeps a draft: each word in this browser at once, all of it at the server within seconds.

import { ApiError } from "../api/client";
import { reasonOf } from "../shell/notices.svelte";
import { desk } from "../worklist/desk.svelte";
import type { Item } from "../worklist/fold";
import type { Outcome } from "../worklist/operations.svelte";
import { dropCopy, readCopy, writeCopy } from "./copies";
import { edits, type Fields, fieldsOf, same } from "./fields";
import {
  chooseVersion,
  confirmSave,
  type Copy,
  copyOf,
  type DraftState,
  hasAll,
  hasSeenFiles,
  isWhole,
  mergeServerVersion,
  restoreCopy,
  sendFields,
  stateOf,
} from "./reconcile";
import { sendFile } from "./transport";
import { UploadList } from "./uploads.svelte";

// Where the words are: at the server, on the way, in this browser, on this page only, refused.
export type SaveState = "saved" | "saving" | "copied" | "unsaved" | "failed";

const COPY_AFTER = 150;
const SAVE_AFTER = 1_500;
const SAVE_AT_LATEST = 4_000;
const AGAIN_AFTER = 3_000;
const MOST_TRIES = 4;

export class Writer {
  readonly id: string;
  readonly uploads: UploadList;
  // Words in the fields of recipients that are no address yet.
  typed = $state({ to: "", cc: "", bcc: "" });
  saveState = $state<SaveState>("saved");
  problem = $state("");
  isRestored = $state(false);
  isSending = $state(false);
  #state: DraftState = $state.raw() as DraftState;
  #hasReadCopy = $state(false);
  // Whether the whole draft is here, with what an earlier page had not saved.
  readonly isReady = $derived(this.#hasReadCopy && this.#state.version >= 0);
  // Attachments that were uploaded here, listed by the draft or not.
  readonly #uploaded = new Set<string>();
  #storedCopy: Copy | undefined;
  #isCopyFailing = false;
  #copying: ReturnType<typeof setTimeout> | undefined;
  #saving: ReturnType<typeof setTimeout> | undefined;
  #changedAt = 0;
  #running: Promise<boolean> | null = null;
  #restoring: Promise<void>;
  #isReading = false;
  #hasEnded = false;

  constructor(draft: Item) {
    this.id = draft.id;
    this.uploads = new UploadList(draft.id, sendFile);
    this.#state = stateOf(draft);
    this.#restoring = this.#readCopy();
  }

  get fields(): Fields {
    return this.#state.fields;
  }

  // The server's version, where it cannot be joined with the words here.
  get conflict(): Fields | null {
    return this.#state.theirs;
  }

  get version(): number {
    return this.#state.version;
  }

  // Whether closing the page loses something.
  get isAtRisk(): boolean {
    const isUploading = this.uploads.all.some((one) => one.status === "sending");
    return isUploading || (this.#isCopyFailing && !hasAll(this.#state));
  }

  edit(part: Partial<Fields>): void {
    if (!this.isReady || this.isSending) return;
    this.#state = { ...this.#state, fields: { ...this.fields, ...part } };
    this.#scheduleSave();
  }

  // Joins a newer version of the server: its own save, a file, or what another window wrote.
  mergeServerVersion(draft: Item): void {
    if (this.#hasEnded || !isWhole(draft) || draft.sequence <= this.version) return;
    this.#state = mergeServerVersion(this.#state, draft.sequence, fieldsOf(draft));
    this.#restoreCopy();
    if (!hasAll(this.#state)) this.#scheduleSave();
    else if (!this.#running && this.#hasReadCopy) this.#settle();
  }

  // Reads the draft until its whole text is here: messages carry a long one cut.
  async readWhole(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (!this.#hasEnded) {
        const draft = await desk.refresh(this.id);
        if (draft && isWhole(draft)) {
          this.mergeServerVersion(draft);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
      }
    } catch (error) {
      this.saveState = "failed";
      this.problem = reasonOf(error);
    } finally {
      this.#isReading = false;
    }
  }

  choose(which: "mine" | "theirs"): void {
    this.#state = chooseVersion(this.#state, which);
    this.#scheduleSave();
  }

  // Saves until the server has everything; false where that is not possible now.
  async flush(): Promise<boolean> {
    await this.#restoring;
    for (let left = MOST_TRIES; left > 0 && !hasAll(this.#state) && !this.conflict; left -= 1) {
      clearTimeout(this.#saving);
      if (!(await this.#save())) break;
    }
    return hasAll(this.#state);
  }

  // Sends the draft as its agent sees it; null where another window has changed it meanwhile.
  async send(draft: Item, parameters: object): Promise<Outcome | null> {
    const seen = this.fields;
    const listed = filesOf(draft);
    for (let left = MOST_TRIES; ; left -= 1) {
      if (!(await this.flush())) {
        if (this.conflict) return null;
        throw this.problem ? new Error(this.problem) : new ApiError(0, 0, "");
      }
      const now = desk.work.items.get(this.id) ?? draft;
      const uploaded = this.uploads.all.flatMap((one) => one.attachments);
      if (!same(this.fields, seen)) return null;
      if (!hasSeenFiles(filesOf(now), listed, [...uploaded, ...this.#uploaded])) return null;
      try {
        return await desk.operations.perform(now, "Send", parameters, { ifMatch: `"${this.version}"` });
      } catch (error) {
        if (!(error instanceof ApiError && error.isChanged) || left <= 1) throw error;
        await this.#readNewest();
      }
    }
  }

  // Forgets the uploads that the draft lists by now.
  dropListed(draft: Item): void {
    for (const one of this.uploads.all) {
      for (const id of one.attachments) this.#uploaded.add(id);
    }
    this.uploads.dropListed(filesOf(draft));
  }

  // Stores what the server has not yet in this browser, as the page may end.
  storeCopy(): void {
    if (!hasAll(this.#state)) void this.#copy();
  }

  // Whether it can be forgotten: the server has everything, and its fields hold nothing more.
  get isAtRest(): boolean {
    const { to, cc, bcc } = this.typed;
    const isWaiting = this.#running !== null || this.isSending || this.uploads.all.length > 0;
    return this.isReady && hasAll(this.#state) && !isWaiting && to + cc + bcc === "";
  }

  // Stops, as the draft was sent, discarded or given away.
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#copying);
    clearTimeout(this.#saving);
    this.uploads.end();
    void dropCopy(this.#user, this.id);
  }

  get #user(): string {
    return desk.user?.id ?? "";
  }

  async #readCopy(): Promise<void> {
    this.#storedCopy = await readCopy(this.#user, this.id);
    this.#hasReadCopy = true;
    this.#restoreCopy();
  }

  #restoreCopy(): void {
    const copy = this.#storedCopy;
    if (!copy || !this.isReady || this.#hasEnded) return;
    this.#storedCopy = undefined;
    const before = this.#state;
    this.#state = restoreCopy(before, copy);
    if (this.#state === before || hasAll(this.#state)) {
      void dropCopy(this.#user, this.id);
      return;
    }
    this.isRestored = true;
    this.#scheduleSave();
  }

  #scheduleSave(): void {
    this.saveState = "unsaved";
    this.#changedAt ||= Date.now();
    clearTimeout(this.#copying);
    if (this.#hasEnded) return;
    this.#copying = setTimeout(() => void this.#copy(), COPY_AFTER);
    this.#saveIn(Math.min(SAVE_AFTER, Math.max(0, this.#changedAt + SAVE_AT_LATEST - Date.now())));
  }

  async #copy(): Promise<boolean> {
    if (this.#hasEnded) return false;
    const isThere = await writeCopy(this.#user, this.id, copyOf(this.#state));
    this.#isCopyFailing = !isThere;
    if (isThere && this.saveState === "unsaved") this.saveState = "copied";
    return isThere;
  }

  #saveIn(milliseconds: number): void {
    clearTimeout(this.#saving);
    if (this.#hasEnded) return;
    this.#saving = setTimeout(() => void this.#save(), milliseconds);
  }

  #save(): Promise<boolean> {
    this.#running ??= this.#saveNow().finally(() => (this.#running = null));
    return this.#running;
  }

  // Answers whether another try at once may help.
  async #saveNow(): Promise<boolean> {
    if (this.#hasEnded || !this.isReady || this.conflict) return false;
    if (hasAll(this.#state)) {
      this.#settle();
      return true;
    }
    const { base, version, fields: sent } = this.#state;
    this.#state = sendFields(this.#state);
    this.#changedAt = 0;
    this.saveState = "saving";
    // A reload before the answer has to know that the server may have these words.
    void this.#copy();
    try {
      const { body } = await desk.api.ask<Outcome>("PUT", `/me/interactions/${this.id}`, {
        body: { email_object: edits(base, sent) },
        ifMatch: `"${version}"`,
        wait: 10,
        patience: 0,
      });
      this.problem = "";
      if (body.interaction) {
        this.#state = confirmSave(this.#state, body.interaction.sequence, sent);
        desk.apply(body.interaction);
      }
    } catch (error) {
      return this.#recover(error);
    }
    if (hasAll(this.#state)) this.#settle();
    else this.#scheduleSave();
    return true;
  }

  #settle(): void {
    this.saveState = "saved";
    this.problem = "";
    this.#changedAt = 0;
    clearTimeout(this.#copying);
    clearTimeout(this.#saving);
    void dropCopy(this.#user, this.id);
  }

  async #recover(error: unknown): Promise<boolean> {
    if (error instanceof ApiError && error.isChanged) {
      const isRead = await this.#readNewest();
      if (hasAll(this.#state)) this.#settle();
      else this.#scheduleSave();
      return isRead;
    }
    const isThere = await this.#copy();
    if (error instanceof ApiError && (error.isPassing || error.isLogin)) {
      this.saveState = isThere ? "copied" : "unsaved";
      this.#saveIn(AGAIN_AFTER);
      return false;
    }
    this.saveState = "failed";
    this.problem = reasonOf(error);
    return false;
  }

  // Newer versions come by messages too; without a connection they are read.
  async #readNewest(): Promise<boolean> {
    const draft = await desk.refresh(this.id).catch(() => undefined);
    if (draft) this.mergeServerVersion(draft);
    return draft !== undefined;
  }
}

function filesOf(draft: Item): string[] {
  return (draft.email_object.attachments ?? []).map((one) => one.id);
}
