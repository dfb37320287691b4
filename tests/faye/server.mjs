// Faye on a free port; prints its address and publishes what comes as JSON lines on standard
// input: {"agent": id or "*", "data": …} goes to /agents/<id> or /all.

import { createServer } from "node:http";
import faye from "faye";

const bayeux = new faye.NodeAdapter({ mount: "/cometd", timeout: 60 });
const server = createServer();
const client = bayeux.getClient();

function publish(line) {
  const { agent, data } = JSON.parse(line);
  client.publish(agent === "*" ? "/all" : `/agents/${agent}`, data);
}

bayeux.attach(server);
server.listen({ port: Number(process.env.PORT ?? 0), host: "127.0.0.1", backlog: 4096 }, () =>
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`),
);

let rest = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text) => {
  const lines = (rest + text).split("\n");
  rest = lines.pop();
  lines.forEach(publish);
});
process.stdin.on("end", () => process.exit(0));
