// Notifications: the official CometD client with acknowledgements, replay and the server's clock.

import { AckExtension } from "cometd/AckExtension.js";
import { CometD, type Extension, type Message } from "cometd";
import { TimeSyncExtension } from "cometd/TimeSyncExtension.js";

export const INTERACTIONS = "/v2/me/interactions";
export const WORKBINS = "/v2/me/workbins";
export const CHANNELS = "/v2/me/channels";

export type Link = "connecting" | "live" | "interrupted";

export interface Listener {
  // `data` is the payload of a message on a topic.
  onMessage(topic: string, data: unknown): void;
  onLink(link: Link): void;
  // Events after the last position are no longer kept: read everything again, then `restart`.
  onGap(): void;
  // The session or its token is no longer accepted: see whether there is another, then `resume`.
  onDenied(): void;
}

// Asks each subscription for the messages after the last position that was heard.
class Replay {
  lastPosition = -1;

  outgoing(message: Message): Message {
    if (message.channel === "/meta/handshake") {
      message.ext = { ...message.ext, replay: true };
    }
    if (message.channel === "/meta/subscribe") {
      message.ext = { ...message.ext, replay: this.lastPosition };
    }
    return message;
  }

  incoming(message: Message): Message {
    const position = message.data?.position;
    if (Number.isInteger(position)) {
      this.lastPosition = Math.max(this.lastPosition, position);
    }
    return message;
  }
}

export class Connection {
  readonly #cometd = new CometD();
  readonly #clock = new TimeSyncExtension() as TimeSyncExtension & { getTimeOffset(): number };
  readonly #replay = new Replay();
  readonly #listener: Listener;
  #headers: () => Record<string, string>;
  #hasEnded = false;

  constructor(listener: Listener, headers: () => Record<string, string>) {
    this.#listener = listener;
    this.#headers = headers;
    this.#cometd.registerExtension("ack", new AckExtension());
    this.#cometd.registerExtension("timesync", this.#clock as Extension);
    this.#cometd.registerExtension("replay", this.#replay);
    // Long polling passes every proxy, and carries the CSRF token, which a websocket cannot.
    this.#cometd.unregisterTransport("websocket");
    this.#cometd.unregisterTransport("callback-polling");
    this.#cometd.addListener("/meta/handshake", (reply) => this.#shaken(reply));
    this.#cometd.addListener("/meta/connect", (reply) => this.#connected(reply));
  }

  // Milliseconds by which the server's clock is ahead of the browser's.
  get offset(): number {
    return this.#clock.getTimeOffset();
  }

  start(position: number): void {
    this.#replay.lastPosition = position;
    this.resume();
  }

  // Goes on after the last message that was heard, with the headers of now.
  resume(): void {
    this.#hasEnded = false;
    this.#listener.onLink("connecting");
    this.#cometd.configure({
      url: new URL("../cometd", document.baseURI).href,
      requestHeaders: this.#headers(),
      maxBackoff: 4_000,
      backoffIncrement: 500,
      logLevel: "warn",
      // Its worker would need a policy that allows scripts from anywhere.
      useWorkerScheduler: false,
    });
    this.#cometd.handshake();
  }

  stop(): void {
    this.#hasEnded = true;
    this.#cometd.disconnect();
  }

  #shaken(reply: Message): void {
    if (!reply.successful) {
      this.#failed(reply);
      return;
    }
    this.#cometd.batch(() => {
      for (const topic of [INTERACTIONS, WORKBINS, CHANNELS]) {
        this.#cometd.subscribe(
          topic,
          (message) => this.#listener.onMessage(topic, message.data),
          (answer) => this.#subscribed(answer),
        );
      }
    });
  }

  #subscribed(answer: Message): void {
    if (answer.successful || this.#hasEnded || !answer.error) return;
    this.#hasEnded = true;
    this.#disconnectThen(() => this.#listener.onGap());
  }

  #connected(reply: Message): void {
    if (this.#cometd.isDisconnected()) return;
    if (reply.successful) this.#listener.onLink("live");
    else this.#failed(reply);
  }

  #failed(reply: Message): void {
    if (this.#hasEnded) return;
    this.#listener.onLink("interrupted");
    const failure = (reply as { failure?: { httpCode?: number } }).failure;
    if (failure?.httpCode === 401 || failure?.httpCode === 403) {
      this.#hasEnded = true;
      this.#disconnectThen(() => this.#listener.onDenied());
    }
  }

  // The client answers nobody who disconnects what is not connected.
  #disconnectThen(goOn: () => void): void {
    if (this.#cometd.isDisconnected()) goOn();
    else this.#cometd.disconnect(goOn);
  }
}
