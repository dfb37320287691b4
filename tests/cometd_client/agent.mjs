// The official CometD client as a child process: commands come as JSON lines on standard input,
// all that happens goes out as JSON lines on standard output.

import { createInterface } from "node:readline";
import { adapt } from "cometd-nodejs-client";
import { CometD } from "cometd";
import * as ack from "cometd/AckExtension.js";
import { TimeSyncExtension } from "cometd/TimeSyncExtension.js";
import { WebSocket } from "ws";
import { Replay } from "./replay.mjs";

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

adapt();
// The client logs on standard output, which is ours.
for (const level of ["log", "debug", "info", "warn", "error"]) {
  globalThis.window.console[level] = (...words) => process.stderr.write(`${words.join(" ")}\n`);
}

let cometd;
let timesync;
const subscriptions = new Map();

// Has this process live at another time, as a desktop does whose clock is wrong.
function setClockBack(milliseconds) {
  const RightDate = Date;
  globalThis.Date = class extends RightDate {
    constructor(...parts) {
      super(...(parts.length > 0 ? parts : [RightDate.now() - milliseconds]));
    }
    static now() {
      return RightDate.now() - milliseconds;
    }
  };
}

function connect({ url, user, password, transport, acknowledge, replay, slow }) {
  const credentials = Buffer.from(`${user}:${password}`).toString("base64");
  const headers = { Authorization: `Basic ${credentials}` };
  globalThis.window.WebSocket = class extends WebSocket {
    constructor(address, protocols) {
      super(address, protocols, { headers });
    }
  };
  cometd = new CometD();
  if (acknowledge) {
    cometd.registerExtension("ack", new ack.AckExtension());
  }
  if (Number.isInteger(replay)) {
    cometd.registerExtension("replay", new Replay(replay));
  }
  if (Number.isInteger(slow)) {
    setClockBack(slow);
    timesync = new TimeSyncExtension();
    cometd.registerExtension("timesync", timesync);
  }
  for (const other of ["websocket", "long-polling", "callback-polling"]) {
    if (other !== transport) {
      cometd.unregisterTransport(other);
    }
  }
  cometd.configure({ url, requestHeaders: headers, maxBackoff: 2000, logLevel: "warn" });
  for (const name of ["handshake", "connect", "disconnect", "subscribe", "unsubscribe"]) {
    cometd.addListener(`/meta/${name}`, (message) => say({ meta: name, message }));
  }
  cometd.addListener("/meta/handshake", (reply) => reply.successful && subscribeAll());
  cometd.handshake();
}

// The client forgets its subscriptions at each handshake.
function subscribeAll() {
  cometd.batch(() => [...subscriptions.keys()].forEach(subscribe));
}

function subscribe(channel) {
  const handle = cometd.subscribe(
    channel,
    (message) => say({ event: message }),
    (reply) => say({ subscribed: channel, reply }),
  );
  subscriptions.set(channel, handle);
}

function unsubscribe(channel) {
  const handle = subscriptions.get(channel);
  subscriptions.delete(channel);
  cometd.unsubscribe(handle, (reply) => say({ unsubscribed: channel, reply }));
}

function publish(channel, content) {
  cometd.publish(channel, content, (reply) => say({ published: channel, reply }));
}

function tellTime() {
  say({ clock: "server", offset: timesync.getTimeOffset(), lag: timesync.getNetworkLag() });
}

function disconnect() {
  cometd.disconnect((reply) => {
    say({ disconnected: true, reply });
    process.exit(0);
  });
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const order = JSON.parse(line);
    switch (order.command) {
      case "connect":
        return connect(order);
      case "subscribe":
        return subscribe(order.channel);
      case "unsubscribe":
        return unsubscribe(order.channel);
      case "publish":
        return publish(order.channel, order.content);
      case "time":
        return tellTime();
      case "disconnect":
        return disconnect();
      default:
        throw new Error(`no such command: ${order.command}`);
    }
  })
  .on("close", () => process.exit(0));
