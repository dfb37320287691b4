// The one store of the page: who works here, what they have, and what they do.

import { alarm, showCount } from "../alarm/alarm";
import { Api, ApiError } from "../api/client";
import {
  type AgentState,
  type Interaction,
  isStateMessage,
  isWorkbinChange,
  type Queue,
  type Sender,
  type StateMessage,
  type User,
  type Workbin,
} from "../api/types";
import { CHANNELS, INTERACTIONS, type Link, WORKBINS } from "../live/connection";
import { Pauses } from "../live/pauses";
import { SharedConnection } from "../live/shared_connection";
import { notices, reasonOf } from "../shell/notices.svelte";
import { preferences } from "../shell/preferences.svelte";
import { announceLogin, onLoginElsewhere } from "../shell/sign_in";
import { language } from "../words/language.svelte";
import { saveAllDrafts } from "../writing/open_drafts";
import { announcementOf, changeOf } from "./changes";
import { fold, fromList, grouped, type Item, NO_WORK } from "./fold";
import { nameOfUser } from "./naming";
import { putNewest } from "./newest";
import { Operations } from "./operations.svelte";
import { type Page, readAllPages } from "./pages";
import { Workbins } from "./workbins.svelte";

export type Phase = "starting" | "login" | "no-agent" | "working";

const AGAIN_AFTER = 2_000;
const CATCHING_UP_AFTER = 1_000;
const MOST_OFFERS = 200;

class Desk {
  readonly api = new Api();
  readonly operations = new Operations(this);
  readonly workbins = new Workbins(this.api);
  phase = $state<Phase>("starting");
  needsLogin = $state(false);
  // The name of another agent who has logged in in this browser meanwhile.
  otherAgent = $state("");
  user = $state.raw<User | null>(null);
  states = $state.raw<AgentState[]>([]);
  channel = $state.raw<AgentState | null>(null);
  queues = $state.raw<Queue[]>([]);
  senders = $state.raw<Sender[]>([]);
  work = $state.raw(NO_WORK);
  link = $state<Link>("connecting");
  isCatchingUp = $state(false);
  selected = $state("");
  search = $state("");
  // Whether the mail that is shown next takes the focus: not where nobody asked for it.
  takesFocus = false;
  // Whether a draft was asked for that has no focus yet: keys that come meanwhile are meant for it.
  isOpeningDraft = false;
  assertive = $state("");
  // How long each offer was when it came, for the ring that runs out.
  readonly offerLasts = new Map<string, number>();

  groups = $derived(grouped(this.work));
  recent = $derived([...this.work.ended.values()].reverse().slice(0, 20));

  #connection = new SharedConnection(
    {
      onMessage: (topic, data) => this.#hear(topic, data),
      onLink: (link) => this.#linked(link),
      onGap: () => this.#startOverLater(),
      onDenied: () => this.#resumeLater(),
    },
    () => this.api.headers,
  );
  readonly #pauses = new Pauses();
  // Resolves when this agent has logged in again; null where nobody has to.
  #login: Promise<void> | null = null;
  #hasLoggedIn: () => void = () => {};
  #catchingUpTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.api.onLoginNeeded = () => this.#askForLogin();
    this.api.onForeignSession = () => this.#requireSameAgent();
    preferences.onRefused = (error) => notices.complain(language.t.settings, error);
    onLoginElsewhere(() => void this.#hearOfLogin());
  }

  get serverNow(): number {
    return Date.now() + this.#connection.offset;
  }

  get isReady(): boolean {
    return this.channel?.state === "Ready";
  }

  // Opens the page with the cookie of an earlier login, or shows the form.
  async open(): Promise<void> {
    try {
      await this.api.once("GET", "/me");
    } catch (error) {
      if (error instanceof ApiError && error.isLogin) {
        this.phase = "login";
        return;
      }
      this.#openAgain();
      return;
    }
    await this.#begin().catch(() => this.#openAgain());
  }

  async logIn(name: string, password: string): Promise<void> {
    await this.api.logIn(name, password);
    if (this.phase !== "working") return this.#begin();
    announceLogin();
    await this.#goOnAfterLogin();
  }

  async logOut(): Promise<void> {
    const { t } = language;
    const unsaved = await saveAllDrafts();
    if (unsaved) return notices.add("bad", t.failed(t.notDone(t.logOut), unsaved));
    try {
      await this.api.post("/me", { operationName: "EndContactCenterSession" });
    } catch (error) {
      return notices.complain(t.logOut, error);
    }
    this.#connection.stop();
    location.reload();
  }

  async setState(state: AgentState): Promise<void> {
    const before = this.channel;
    this.channel = state;
    try {
      await this.api.post("/me/channels/email", { operationName: state.operationName ?? state.state });
    } catch (error) {
      this.channel = before;
      notices.complain(language.t.state, error);
    }
  }

  choose(id: string): void {
    this.takesFocus = id !== "";
    this.selected = id;
    this.isOpeningDraft = false;
  }

  // Shows the next mail after an answer of the server was waited for, unless the agent has gone on to
  // another one than the mail that was left.
  chooseAfter(left: string, next: string): void {
    if (["", left, next].includes(this.selected)) this.choose(next);
  }

  hasOpenedDraft(): void {
    this.isOpeningDraft = false;
  }

  async refresh(id: string): Promise<Item | undefined> {
    const { interaction } = await this.api.get<{ interaction: StateMessage }>(
      `/me/interactions/${id}`,
    );
    this.apply(interaction);
    return this.work.items.get(id);
  }

  // Folds what the server says about one interaction.
  apply(message: StateMessage): void {
    const before = this.work;
    this.work = fold(before, message);
    if (this.work === before) return;
    this.#measure(message);
    this.#announceChange(before.items.get(message.id), message);
    showCount(this.groups.offered.length);
  }

  // The login may be one at the provider, which came back to this page: no other tab knows of it.
  async #begin(): Promise<void> {
    const { user } = await this.api.get<{ user: User }>("/me");
    this.user = user;
    if (!user.roles.includes("ROLE_AGENT")) {
      this.phase = "no-agent";
      announceLogin();
      return;
    }
    this.#connection.join(user.id);
    await this.api.post("/me", {
      operationName: "StartContactCenterSession",
      channels: ["email"],
    });
    await Promise.all([this.#loadPreferences(user.id), this.#synchronize()]);
    this.phase = "working";
    announceLogin();
  }

  async #loadPreferences(user: string): Promise<void> {
    try {
      await preferences.load(this.api, user);
    } catch (error) {
      const { t } = language;
      notices.add("bad", t.failed(t.settingsUnread, reasonOf(error)));
    }
  }

  #openAgain(): void {
    setTimeout(() => void this.open(), AGAIN_AFTER);
  }

  // A server that keeps refusing a subscription must not be read again without a pause.
  #startOverLater(): void {
    setTimeout(() => void this.#startOver(), this.#pauses.next(Date.now()));
  }

  #resumeLater(): void {
    setTimeout(() => void this.#resume(), this.#pauses.next(Date.now()));
  }

  // Another tab may have logged in: this one goes on with that session, if it is the same agent's.
  async #resume(): Promise<void> {
    try {
      if (await this.#isSameAgent()) this.#connection.resume();
      else await this.#askForLogin();
    } catch (error) {
      if (error instanceof ApiError && error.isLogin) await this.#askForLogin();
      else this.#resumeLater();
    }
  }

  // Whether the session of this browser is still this agent's. Where it is another's, nothing is
  // asked in that one's name.
  async #isSameAgent(): Promise<boolean> {
    const { body } = await this.api.once<{ user: User }>("GET", "/me");
    const isSame = body.user.id === this.user?.id;
    this.otherAgent = isSame ? "" : nameOfUser(body.user);
    if (!isSame) this.api.csrf = "";
    return isSame;
  }

  async #requireSameAgent(): Promise<void> {
    if (!(await this.#isSameAgent())) await this.#askForLogin();
  }

  async #hearOfLogin(): Promise<void> {
    if (this.phase === "login") await this.open();
    if (this.phase !== "working") return;
    try {
      await (this.needsLogin ? this.#goOnAfterLogin() : this.#requireSameAgent());
    } catch (error) {
      // The next request asks again, but none is sent while a login is waited for.
      const isOver = error instanceof ApiError && error.isLogin;
      if (this.needsLogin && !isOver) setTimeout(() => void this.#hearOfLogin(), AGAIN_AFTER);
    }
  }

  async #goOnAfterLogin(): Promise<void> {
    if (!(await this.#isSameAgent())) return;
    this.needsLogin = false;
    this.api.held = null;
    this.#hasLoggedIn();
    this.#login = null;
    await this.#startOver();
  }

  // Synchronizes until it succeeds.
  async #startOver(): Promise<void> {
    try {
      // A login goes on from here by itself.
      if (await this.#isSameAgent()) await this.#synchronize();
      else void this.#askForLogin();
    } catch {
      this.#linked("interrupted");
      setTimeout(() => void this.#startOver(), AGAIN_AFTER);
    }
  }

  // Reads everything and goes on from there.
  async #synchronize(): Promise<void> {
    const { api } = this;
    this.#connection.pause();
    const [list, channels, states, workbins, queues, senders] = await Promise.all([
      this.#readWork(),
      api.get<{ channels: { userState: AgentState }[] }>("/me/channels?fields=*"),
      api.get<{ agentStates: AgentState[] }>("/settings/agent-states"),
      api.get<{ workbins: Workbin[] }>("/me/workbins"),
      api.get<{ queues: Queue[] }>("/queues?fields=*"),
      this.#readSenders(),
    ]);
    this.work = fromList(list.interactions, this.work);
    this.channel = channels.channels[0]?.userState ?? null;
    this.states = states.agentStates;
    this.workbins.all = workbins.workbins;
    this.queues = queues.queues;
    this.senders = senders;
    this.groups.offered.forEach((one) => this.#measure(one));
    showCount(this.groups.offered.length);
    this.#connection.start(list.position);
    void this.workbins.read();
  }

  // None where the gateway is of an earlier release, as one may be while they are replaced.
  async #readSenders(): Promise<Sender[]> {
    try {
      return (await this.api.get<{ senders: Sender[] }>("/me/senders")).senders;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return [];
      throw error;
    }
  }

  // All that the agent has; what changes meanwhile comes as messages.
  #readWork(): Promise<{ interactions: StateMessage[]; position: number }> {
    const path = "/me/interactions?fields=*&totalCount=true";
    return readAllPages((offset) =>
      this.api.get<Page<StateMessage>>(offset > 0 ? `${path}&offset=${offset}` : path),
    );
  }

  #hear(topic: string, data: unknown): void {
    switch (topic) {
      case INTERACTIONS:
        if (isStateMessage(data)) this.apply(data);
        return;
      case WORKBINS:
        if (isWorkbinChange(data)) this.workbins.hear(data);
        return;
      case CHANNELS: {
        const [channel] = (data as { channels?: { userState: AgentState }[] }).channels ?? [];
        if (channel) this.channel = channel.userState;
      }
    }
  }

  #linked(link: Link): void {
    if (link === this.link) return;
    this.link = link;
    clearTimeout(this.#catchingUpTimer);
    this.isCatchingUp = false;
    if (link !== "live") {
      this.#catchingUpTimer = setTimeout(() => (this.isCatchingUp = true), CATCHING_UP_AFTER);
    }
  }

  #askForLogin(): Promise<void> {
    if (this.phase !== "working") return Promise.reject(new ApiError(401, 20, ""));
    this.needsLogin = true;
    this.#login ??= new Promise((resolve) => (this.#hasLoggedIn = resolve));
    this.api.held = this.#login;
    return this.#login;
  }

  #measure(item: Interaction): void {
    if (!item.inviteExpiresAt || this.offerLasts.has(item.id + item.inviteExpiresAt)) return;
    const lasts = Date.parse(item.inviteExpiresAt) - this.serverNow;
    const key = item.id + item.inviteExpiresAt;
    putNewest(this.offerLasts, key, Math.max(1, lasts), MOST_OFFERS);
  }

  #announceChange(before: Item | undefined, message: StateMessage): void {
    const change = changeOf(before?.state, message, this.operations.busy.has(message.id));
    const announcement = announcementOf(language.t, change, message);
    if (!announcement) return;
    if (announcement.kind === "offer") this.#announceOffer(message, announcement.words);
    else notices.add(announcement.kind, announcement.words);
  }

  #announceOffer(offer: StateMessage, words: string): void {
    this.assertive = words;
    // One of several tabs is enough.
    if (this.#connection.isLeading) alarm(words, offer.id, () => this.choose(offer.id));
  }
}

export const desk = new Desk();
