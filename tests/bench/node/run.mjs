// Runs one program on V8 and leaves the record the other runners leave.
//
//     node [--liftoff-only] run.mjs program FILE.wasm command|score RECORD.json
//
// The host is node's own WASI, but for what would make the output depend on the time or the
// machine: those functions do what `src/host.rs` does.
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { WASI } from "node:wasi";

const CLOCK_SPEED = 10; // As in src/host.rs.
const [task, file, entry, record] = process.argv.slice(2);

const duration = (nanoseconds) => ({
  secs: Number(nanoseconds / 1_000_000_000n),
  nanos: Number(nanoseconds % 1_000_000_000n),
});

function run() {
  const wasm = readFileSync(file);
  const wasi = new WASI({
    version: "preview1",
    args: [basename(file)],
    env: {},
    preopens: { ".": "." },
    returnOnExit: true,
  });
  const made = process.hrtime.bigint();
  let memory = null;
  let clock = 1_000_000_000n;
  let started = null;
  let timed = null;
  const view = () => new DataView(memory.buffer);
  const imports = {
    bench: {
      start: () => {
        started = process.hrtime.bigint();
      },
      end: () => {
        timed = process.hrtime.bigint() - started;
      },
    },
    env: {
      clock_ms: () => Number((process.hrtime.bigint() - made) / 1_000_000n) * CLOCK_SPEED,
    },
    wasi_snapshot_preview1: {
      ...wasi.wasiImport,
      clock_res_get: (_clock, to) => {
        view().setBigUint64(to, 1_000_000n, true);
        return 0;
      },
      clock_time_get: (_clock, _precision, to) => {
        clock += 1_000_000n;
        view().setBigUint64(to, clock, true);
        return 0;
      },
      random_get: (to, length) => {
        new Uint8Array(memory.buffer, to, length).fill(0x5a);
        return 0;
      },
    },
  };

  const begin = process.hrtime.bigint();
  const module = new WebAssembly.Module(wasm);
  const compiled = process.hrtime.bigint();
  const instance = new WebAssembly.Instance(module, imports);
  const instantiated = process.hrtime.bigint();
  memory = instance.exports.memory;
  let code = 0;
  let score = null;
  if (entry === "score") {
    // It gives none, 0, when its work took less of its time than it had foreseen.
    for (let tries = 0; tries < 5 && !score; tries += 1) {
      score = instance.exports.run();
    }
  } else {
    code = wasi.start(instance) ?? 0;
  }
  const end = process.hrtime.bigint();

  const usage = process.resourceUsage();
  const scored = score === null ? null : BigInt(Math.round(1e12 / (score * CLOCK_SPEED)));
  return {
    compile: duration(compiled - begin),
    instantiate: duration(instantiated - compiled),
    run: duration(scored ?? timed ?? end - instantiated),
    total: duration(scored === null ? end - begin : instantiated - begin + scored),
    usage: {
      cpu: duration(BigInt(usage.userCPUTime + usage.systemCPUTime) * 1000n),
      peak_rss_kib: usage.maxRSS,
      page_faults: usage.minorPageFault + usage.majorPageFault,
    },
    exit_code: code,
  };
}

if (task !== "program" || record === undefined) {
  console.error("usage: node run.mjs program FILE.wasm command|score RECORD.json");
  process.exit(1);
}
let outcome;
try {
  outcome = { ran: run() };
} catch (error) {
  outcome = { failed: String(error) };
}
writeFileSync(record, JSON.stringify(outcome));
