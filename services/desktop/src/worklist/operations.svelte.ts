// The operations of the agent on mails. A failure is said in a notice, an outcome is folded at once.

import type { Api, Options } from "../api/client";
import type { Interaction, Queue, StateMessage } from "../api/types";
import { notices } from "../shell/notices.svelte";
import { language } from "../words/language.svelte";
import { countdown } from "./countdown";
import { type Item, may } from "./fold";
import { nameOfOperation, senderOf } from "./naming";

// The answer of an operation: its outcome, if it came in time.
export interface Outcome {
  interaction?: StateMessage;
  interactionId?: string;
}

// Where the mails are that operations change.
export interface Worklist {
  readonly api: Api;
  readonly queues: Queue[];
  readonly serverNow: number;
  readonly selected: string;
  isOpeningDraft: boolean;
  apply(message: StateMessage): void;
  refresh(id: string): Promise<Item | undefined>;
  chooseAfter(left: string, next: string): void;
}

// Seconds; later the outcome comes as a message.
const OUTCOME_WAIT = 10;
// The key that is busy while a mail is begun that has no id yet.
const NEW_MAIL = "";
// Begins the key that is busy while an offer is extended.
const EXTENSION = "extension of ";

export class Operations {
  // The mails that the agent does something with, until its outcome is there.
  busy = $state.raw<ReadonlySet<string>>(new Set());
  readonly #worklist: Worklist;
  readonly #running = new Map<string, number>();

  constructor(worklist: Worklist) {
    this.#worklist = worklist;
  }

  // Performs an operation and folds its outcome; a failure is said in a notice.
  async act(
    item: Interaction,
    name: string,
    parameters: object = {},
    options: Options = {},
  ): Promise<Outcome | null> {
    try {
      return await this.perform(item, name, parameters, options);
    } catch (error) {
      notices.complain(nameOfOperation(language.t, name), error);
      return null;
    }
  }

  async perform(
    item: Interaction,
    name: string,
    parameters: object = {},
    options: Options = {},
  ): Promise<Outcome> {
    return this.#busyWith(item.id, () => this.#post(item, name, parameters, options));
  }

  async accept(item: Interaction): Promise<void> {
    if (this.busy.has(item.id)) return;
    const left = this.#worklist.selected;
    const outcome = await this.act(item, "Accept");
    if (outcome) this.#worklist.chooseAfter(left, item.id);
  }

  async reject(item: Interaction): Promise<void> {
    if (!this.busy.has(item.id)) await this.act(item, "Reject");
  }

  // Has more time to answer an offer, which is possible once. The offer is not busy with it: the
  // server keeps the order of an agent's operations, so an answer need not wait.
  async extend(item: Interaction): Promise<void> {
    const { id } = item;
    if (this.busy.has(id) || this.isExtending(id) || !may(item, "ExtendInvitation")) return;
    try {
      const outcome = await this.#busyWith(EXTENSION + id, () =>
        this.#post(item, "ExtendInvitation"),
      );
      const until = outcome.interaction?.inviteExpiresAt;
      if (!until) return;
      const { seconds } = countdown(until, this.#worklist.serverNow, 0);
      const subject = item.email_object.subject || language.t.noSubject;
      notices.add("good", language.t.staysOffered(subject, seconds));
    } catch (error) {
      notices.complain(nameOfOperation(language.t, "ExtendInvitation"), error);
    }
  }

  isExtending(id: string): boolean {
    return this.busy.has(EXTENSION + id);
  }

  async create(): Promise<void> {
    if (this.busy.has(NEW_MAIL)) return;
    await this.#openDraft(NEW_MAIL, language.t.newMail, () =>
      this.#worklist.api.post<Outcome>(
        "/me/interactions",
        { operationName: "Create", queueName: this.#draftQueue() },
        { wait: OUTCOME_WAIT },
      ),
    );
  }

  // Begins an answer, or a mail that passes this one on, with the original quoted.
  async answer(item: Item, name: "Reply" | "ReplyAll" | "Forward"): Promise<void> {
    const { t } = language;
    const start = t.onWrote(language.whole(item.receivedAt), senderOf(item));
    const prefix = name === "Forward" ? "Fwd: " : "Re: ";
    const subject = item.email_object.subject;
    const isThere = subject.toLowerCase().startsWith(prefix.trim().toLowerCase());
    const parameters = {
      queueName: this.#draftQueue(item),
      subjectPrefix: isThere ? "" : prefix,
      replyToStartLine: `\n\n${start}`,
      indentCharacter: "> ",
      ...(name === "Forward" ? {} : { quoteOriginal: true }),
    };
    await this.#openDraft(item.id, nameOfOperation(t, name), () =>
      this.perform(item, name, parameters),
    );
  }

  async pull(bin: string, item: Interaction): Promise<void> {
    const left = this.#worklist.selected;
    try {
      const outcome = await this.#worklist.api.post<Outcome>(
        `/me/workbins/${bin}`,
        { operationName: "PullInteraction", id: item.id },
        { wait: OUTCOME_WAIT },
      );
      if (outcome.interaction) this.#worklist.apply(outcome.interaction);
      this.#worklist.chooseAfter(left, item.id);
    } catch (error) {
      notices.complain(language.t.takeOut, error);
    }
  }

  // Performs an operation and folds its outcome.
  async #post(
    item: Interaction,
    name: string,
    parameters: object = {},
    options: Options = {},
  ): Promise<Outcome> {
    const outcome = await this.#worklist.api.post<Outcome>(
      `/me/interactions/${item.id}`,
      { operationName: name, ...parameters },
      { wait: OUTCOME_WAIT, ...options },
    );
    if (outcome.interaction) this.#worklist.apply(outcome.interaction);
    return outcome;
  }

  // Begins a draft and shows it. Busy until it is shown, so that a second key begins no second one.
  async #openDraft(busy: string, name: string, begin: () => Promise<Outcome>): Promise<void> {
    const worklist = this.#worklist;
    const left = worklist.selected;
    worklist.isOpeningDraft = true;
    try {
      await this.#busyWith(busy, async () => this.#show(await begin(), left));
    } catch (error) {
      worklist.isOpeningDraft = false;
      notices.complain(name, error);
    }
  }

  // Shows a draft that an operation has begun; it may have to be asked for.
  async #show(outcome: Outcome, left: string): Promise<void> {
    const worklist = this.#worklist;
    const id = outcome.interactionId ?? "";
    if (outcome.interaction) worklist.apply(outcome.interaction);
    else if (id) await worklist.refresh(id);
    if (id) worklist.chooseAfter(left, id);
    worklist.isOpeningDraft = id !== "" && worklist.selected === id;
  }

  // The queue in which drafts of this house are, else that of the mail.
  #draftQueue(item?: Interaction): string {
    const names = this.#worklist.queues.map((one) => one.name);
    return names.find((one) => one === "drafts") ?? item?.currentQueue ?? names[0] ?? "";
  }

  async #busyWith<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    this.#running.set(id, (this.#running.get(id) ?? 0) + 1);
    this.busy = new Set(this.#running.keys());
    try {
      return await work();
    } finally {
      const left = (this.#running.get(id) ?? 1) - 1;
      if (left > 0) this.#running.set(id, left);
      else this.#running.delete(id);
      this.busy = new Set(this.#running.keys());
    }
  }
}
