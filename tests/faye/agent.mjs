// Faye's client as a child process: commands come as JSON lines on standard input, all that
// happens goes out as JSON lines on standard output.

import { createInterface } from "node:readline";
import faye from "faye";
import { Replay } from "../cometd_client/replay.mjs";

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

let client;
const subscriptions = new Map();

function connect({ url, user, password, transport, replay }) {
  const credentials = Buffer.from(`${user}:${password}`).toString("base64");
  client = new faye.Client(url, { timeout: 5, retry: 0.2 });
  client.setHeader("Authorization", `Basic ${credentials}`);
  if (transport === "long-polling") {
    client.disable("websocket");
  }
  if (Number.isInteger(replay)) {
    const extension = new Replay(replay);
    client.addExtension({
      incoming: (message, callback) => callback(extension.incoming(message)),
      outgoing: (message, callback) => callback(extension.outgoing(message)),
    });
  }
  client.addExtension({
    incoming(message, callback) {
      if (message.channel.startsWith("/meta/")) {
        say({ meta: message.channel.slice("/meta/".length), message });
      }
      callback(message);
    },
  });
  client.connect();
}

function subscribe(channel) {
  const subscription = client.subscribe(channel).withChannel((name, data) => {
    say({ event: { channel: name, data } });
  });
  subscriptions.set(channel, subscription);
  subscription.then(
    () => say({ subscribed: channel, reply: { successful: true } }),
    (error) => say({ subscribed: channel, reply: { successful: false, error: `${error.code}` } }),
  );
}

async function disconnect() {
  await client.disconnect();
  say({ disconnected: true });
  process.exit(0);
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const order = JSON.parse(line);
    switch (order.command) {
      case "connect":
        return connect(order);
      case "subscribe":
        return subscribe(order.channel);
      case "disconnect":
        return disconnect();
      default:
        throw new Error(`no such command: ${order.command}`);
    }
  })
  .on("close", () => process.exit(0));
