// Runs a parameter file in Node by the module of the page, as its worker does, whole, and continued from the middle.
//
// usage: node solve.mjs WORKER.js MODULE.wasm PARAMS.toml [FILE…]
//
// Prints the answers of the module, each with the digests of all snapshots, as one line of JSON. Of a file with [fit] it has the
// answer of the fit, too.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;

const [worker, wasm, params, ...files] = process.argv.slice(2);
const connect = new Function(readFileSync(worker, "utf8") + "\nreturn connect;")();
const module = await WebAssembly.compile(readFileSync(wasm));
const shown = [];
const functions = await connect(module, (line, values) => shown.push({ line, values }));
for (const file of files) functions.giveFile(basename(file), readFileSync(file));
const text = readFileSync(params, "utf8");
const plan = functions.examine(text);

/** Runs on from snapshots that are there already. */
function solved(before = [], record = "") {
  shown.length = 0;
  const shorter = before.length ? { text, commits: before.map(({ line }) => line), record, state: before.at(-1).values } : undefined;
  const answer = functions.solve(text, plan.warnings, shorter);
  return { ...answer, digests: [...before, ...shown].map(({ line }) => JSON.parse(line).sha256) };
}

let answer = plan;
if (!plan.error) {
  const began = performance.now();
  const whole = solved();
  const seconds = (performance.now() - began) / 1000;
  const half = shown.slice(0, (shown.length + 1) >> 1);
  answer = { seconds, whole, continued: solved(half, whole.record) };
}
if (plan.has_fit) answer.fit = functions.fit(text);
console.log(JSON.stringify(answer));
