// Goes on after the last position that was heard on each channel, as the extension asks for.
export class Replay {
  constructor(position) {
    this.first = position;
    this.last = new Map();
  }
  outgoing(message) {
    if (message.channel === "/meta/handshake") {
      message.ext = { ...message.ext, replay: true };
    }
    if (message.channel === "/meta/subscribe") {
      message.ext = { ...message.ext, replay: this.last.get(message.subscription) ?? this.first };
    }
    return message;
  }
  incoming(message) {
    if (Number.isInteger(message.data?.position)) {
      this.last.set(message.channel, message.data.position);
    }
    // Whoever asked for what is new is told what that is, and goes on from there when cut off.
    for (const [channel, position] of Object.entries(message.ext?.replay || {})) {
      this.last.set(channel, Math.max(this.last.get(channel) ?? position, position));
    }
    return message;
  }
}
