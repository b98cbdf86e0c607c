// The official Node SDK as a program: does what each line of its input says, and tells in JSON what happens.
// node story.cjs MODULES ADDRESS
const { createRequire } = require("node:module");
const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");
const readline = require("node:readline");

const [, , modules, address] = process.argv;
const tell = (event, fields) => fs.writeSync(1, JSON.stringify({ event, ...fields }) + "\n");
process.stdout.write = process.stderr.write.bind(process.stderr); // what the SDK logs by itself is nothing that is told

const instance = (ip) => ({ ip, port: 80, metadata: { by: "sdk" } });
const pushed = (hosts) =>
  tell("push", { hosts: hosts.map((host) => `${host.ip}:${host.port}`).sort(), healthy: hosts.map((host) => host.healthy) });

const verbs = (naming, config) => ({
  register: (service, ip) => naming.registerInstance(service, instance(ip)),
  deregister: (service, ip) => naming.deregisterInstance(service, instance(ip)),
  subscribe: (service) => naming.subscribe(service, pushed),
  instances: async (service) => (await naming.selectInstances(service, "DEFAULT_GROUP", "", true, false)).map((host) => host.ip).sort(),
  status: () => naming.getServerStatus(),
  publish: (dataId, content) => config.publishSingle(dataId, "g", content),
  read: (dataId) => config.getConfig(dataId, "g"),
  remove: (dataId) => config.remove(dataId, "g"),
  listen: (dataId) => void config.subscribe({ dataId, group: "g" }, (content) => tell("config", { data_id: dataId, content: content || "" })),
});

// All config clients of a machine share one of them, found by a fixed port. This one is to be alone.
const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

(async () => {
  process.env.NODE_CLUSTER_CLIENT_PORT = await freePort();
  const { NacosNamingClient, NacosConfigClient } = createRequire(path.join(modules, "package.json"))("nacos");
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const { STORY_USER: username, STORY_PASSWORD: password } = process.env;
  const naming = new NacosNamingClient({ logger: silent, serverList: address, namespace: "public", username, password });
  const config = new NacosConfigClient({ serverAddr: address, cacheDir: process.cwd(), username, password });
  for (const client of [naming, config]) client.on("error", (error) => tell("error", { error: String(error) }));
  await Promise.all([naming.ready(), config.ready()]);
  tell("ready", {});
  const does = verbs(naming, config);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const what = line.split(" ");
    const [verb, ...words] = what;
    try {
      const answer = await does[verb](...words);
      tell("done", { what, answer: answer === undefined ? true : answer });
    } catch (error) {
      tell("failed", { what, error: String(error) });
    }
  }
})();
