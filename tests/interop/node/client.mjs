// Registers on a Session and watches, with stubs that grpc-js makes of the published protos; resumes both after a cut.
// Arguments: target, directory of protos. Prints one JSON object a line for each thing that happens; says goodbye when stdin ends.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.MUSTER_NODE_MODULES, "package.json"));
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const [target, protos] = process.argv.slice(2);
const files = ["registration_service.proto", "discovery_service.proto"].map((name) => `muster/registry/v1/${name}`);
const loaded = loader.loadSync(files, { includeDirs: [protos], keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true });
const { RegistrationService, DiscoveryService } = grpc.loadPackageDefinition(loaded).muster.registry.v1;
const credentials = grpc.credentials.createInsecure();
const options = { "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 500 };
const registration = new RegistrationService(target, credentials, options);
const discovery = new DiscoveryService(target, credentials, options);
const service = { name: "from-node" };

let sessionId = "";
let place = { revision: 0, epoch: 0 };
let session;
let watch;
let isEnding = false;

const tell = (event, fields) => console.log(JSON.stringify({ event, ...fields }));
const again = (stream, open) => () => {
  tell("lost", { stream });
  if (!isEnding) setTimeout(open, 100);
};

function openSession() {
  session = registration.Session();
  session.on("data", (frame) => {
    if (frame.frame === "granted") {
      sessionId = frame.granted.session_id;
      tell("granted", { resumed: frame.granted.resumed, held: frame.granted.instances.map((ref) => ref.instance_id) });
      if (!frame.granted.resumed) {
        const instance = { endpoints: [{ host: "10.1.1.1", port: 80 }], metadata: { language: "javascript" } };
        session.write({ sequence: 1, register: { registrations: [{ service, instance }] } });
      }
    } else if (frame.frame === "results") {
      tell("results", { ids: frame.results.results.map((result) => result.instance_id) });
    }
  });
  session.on("error", again("session", openSession));
  session.on("end", () => isEnding && tell("goodbye", {}));
  session.write({ hello: { client_name: "node", session_id: sessionId } });
}

function openWatch() {
  watch = discovery.Watch();
  watch.on("data", (frame) => {
    const state = frame[frame.frame];
    if (frame.frame === "snapshot") {
      place = { revision: state.revision, epoch: state.epoch };
      tell("snapshot", { revision: state.revision, reset: state.reset, ids: state.instances.map((i) => i.instance_id) });
    } else if (frame.frame === "delta") {
      const isNext = state.prev_revision === place.revision;
      place.revision = state.revision;
      const puts = state.puts.map((i) => [i.instance_id, i.health]);
      tell("delta", { isNext, puts, removals: state.removals.map((gone) => [gone.instance_id, gone.reason]) });
    }
  });
  watch.on("error", again("watch", openWatch));
  watch.write({ subscribe: { service, from_revision: place.revision, epoch: place.epoch } });
}

process.stdin.on("end", () => {
  isEnding = true;
  session.write({ goodbye: {} });
  setTimeout(() => process.exit(0), 1000);
});
process.stdin.resume();
openWatch();
watch.once("data", openSession);
