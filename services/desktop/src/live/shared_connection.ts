// One connection for all tabs of an agent. One tab leads: it has the connection, and tells the
// others what it hears. Where it ends, another goes on after the last message that it heard.

import { Connection, type Link, type Listener } from "./connection";

// The messages between tabs.
type News =
  | { kind: "message"; topic: string; data: unknown }
  // `begun` is the position after which the leader hears everything.
  | { kind: "link"; link: Link; offset: number; begun: number }
  | { kind: "gap" | "denied" }
  // A tab has come, and asks for the link.
  | { kind: "here" }
  // The tab that leads is not looked at, and asks whether another is.
  | { kind: "unseen" }
  | { kind: "seen" };

// Messages that are kept while the work is read; after more of them it is read again.
const MOST_WAITING = 5_000;

export class SharedConnection {
  readonly #listener: Listener;
  readonly #headers: () => Record<string, string>;
  #name = "";
  #channel: BroadcastChannel | undefined;
  #connection: Connection | undefined;
  #giveUp: () => void = () => {};
  #waitsForLead = false;
  #link: Link = "connecting";
  #offset = 0;
  #position = -1;
  // The position after which the leader of the tabs hears everything. Before it, a tab that follows
  // knows only what it has read itself.
  #begun = -1;
  // Messages that are heard while the work is read; undefined while none is read.
  #waiting: { topic: string; data: unknown }[] | undefined = [];
  #hasStopped = false;

  constructor(listener: Listener, headers: () => Record<string, string>) {
    this.#listener = listener;
    this.#headers = headers;
  }

  // Milliseconds by which the server's clock is ahead of the browser's.
  get offset(): number {
    return this.#connection?.offset ?? this.#offset;
  }

  // Whether this tab is the one that sounds and notifies.
  get isLeading(): boolean {
    return this.#connection !== undefined;
  }

  // Hears the other tabs of an agent. Call it before the work is read.
  join(agent: string): void {
    if (this.#channel || !canShare()) return;
    this.#name = `mailroom.live.${agent}`;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.addEventListener("message", (event) => this.#hear(event.data as News));
    document.addEventListener("visibilitychange", () => this.#tellWhetherSeen());
  }

  // Keeps back what is heard until `start`: the work that is read now would replace it.
  pause(): void {
    this.#waiting ??= [];
  }

  // Goes on after a position, which is that of the work that was read.
  start(position: number): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#position = position;
    this.#hasStopped = false;
    if (waiting.length > MOST_WAITING) {
      this.#listener.onGap();
      return;
    }
    for (const { topic, data } of waiting) {
      if (readPosition(data) > position) this.#deliver(topic, data);
    }
    if (this.#connection) {
      this.#begun = position;
      this.#connection.start(position);
    } else if (!this.#channel) this.#connect();
    else {
      this.#waitForLead();
      this.#requireWhatLeaderRead();
    }
    this.#tell({ kind: "here" });
  }

  // Goes on after a login; a tab that follows has nothing to go on with.
  resume(): void {
    this.#connection?.resume();
  }

  stop(): void {
    this.#hasStopped = true;
    this.#stepDown();
  }

  #waitForLead(): void {
    if (this.#waitsForLead) return;
    this.#waitsForLead = true;
    void navigator.locks.request(this.#name, () => this.#lead());
    this.#tellWhetherSeen();
  }

  // The browser ends the lead where the tab ends.
  #lead(): Promise<void> {
    this.#waitsForLead = false;
    if (this.#hasStopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#giveUp = resolve;
      this.#connect();
      this.#tellWhetherSeen();
    });
  }

  #connect(): void {
    const isMine = (): boolean => this.#connection === connection;
    const connection = new Connection(
      {
        onMessage: (topic, data) => {
          if (!isMine()) return;
          this.#tell({ kind: "message", topic, data });
          this.#receive(topic, data);
        },
        onLink: (link) => {
          if (!isMine()) return;
          this.#offset = connection.offset;
          this.#link = link;
          this.#tellLink();
          this.#listener.onLink(link);
        },
        onGap: () => {
          if (!isMine()) return;
          this.#tell({ kind: "gap" });
          this.#listener.onGap();
        },
        onDenied: () => {
          if (!isMine()) return;
          this.#tell({ kind: "denied" });
          this.#listener.onDenied();
        },
      },
      this.#headers,
    );
    this.#connection = connection;
    this.#begun = this.#position;
    connection.start(this.#position);
  }

  #stepDown(): void {
    this.#connection?.stop();
    this.#connection = undefined;
    this.#giveUp();
    this.#giveUp = () => {};
  }

  // Timers of a tab that nobody looks at are slow, and it cannot know what its agent sees.
  #giveLeadAway(): void {
    this.#stepDown();
    this.#waitForLead();
  }

  #tellWhetherSeen(): void {
    const isSeen = document.visibilityState === "visible";
    if (isSeen && this.#waitsForLead) this.#tell({ kind: "seen" });
    if (!isSeen && this.isLeading) this.#tell({ kind: "unseen" });
  }

  #hear(news: News): void {
    if (this.#hasStopped) return;
    const isSeen = document.visibilityState === "visible";
    switch (news.kind) {
      case "message":
        this.#receive(news.topic, news.data);
        return;
      case "link":
        if (this.isLeading) return;
        this.#offset = news.offset;
        this.#begun = news.begun;
        this.#listener.onLink(news.link);
        if (!this.#waiting) this.#requireWhatLeaderRead();
        return;
      case "gap":
        if (!this.isLeading) this.#listener.onGap();
        return;
      case "denied":
        if (!this.isLeading) this.#listener.onDenied();
        return;
      case "here":
        if (this.isLeading) this.#tellLink();
        return;
      case "unseen":
        if (isSeen && this.#waitsForLead) this.#tell({ kind: "seen" });
        return;
      case "seen":
        if (!isSeen && this.isLeading) this.#giveLeadAway();
    }
  }

  // A leader that reads the work again hears only what comes after that. A tab that has read less
  // reads again as well.
  #requireWhatLeaderRead(): void {
    if (this.#position < this.#begun) this.#listener.onGap();
  }

  #tellLink(): void {
    this.#tell({ kind: "link", link: this.#link, offset: this.offset, begun: this.#begun });
  }

  #receive(topic: string, data: unknown): void {
    if (this.#waiting) {
      if (this.#waiting.length <= MOST_WAITING) this.#waiting.push({ topic, data });
    } else this.#deliver(topic, data);
  }

  #deliver(topic: string, data: unknown): void {
    const position = readPosition(data);
    if (Number.isFinite(position)) this.#position = Math.max(this.#position, position);
    this.#listener.onMessage(topic, data);
  }

  #tell(news: News): void {
    this.#channel?.postMessage(news);
  }
}

// Messages without a position are of now.
function readPosition(data: unknown): number {
  const { position } = (data ?? {}) as { position?: unknown };
  return Number.isInteger(position) ? Number(position) : Number.POSITIVE_INFINITY;
}

// Locks need a secure context; without them each tab has a connection of its own.
function canShare(): boolean {
  return "locks" in navigator && "BroadcastChannel" in globalThis;
}
