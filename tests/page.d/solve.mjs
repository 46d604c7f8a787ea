// Runs a parameter file in Node by the module of the page, as its worker does, and prints the digest of each snapshot.
//
// usage: node solve.mjs WORKER.js MODULE.wasm PARAMS.toml [FILE…]
//
// The answer of the module is one line of JSON. Of a file with [fit] it has the answer of the fit, too.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;

const [worker, wasm, params, ...files] = process.argv.slice(2);
const connect = new Function(readFileSync(worker, "utf8") + "\nreturn connect;")();
const module = await WebAssembly.compile(readFileSync(wasm));
const digests = [];
const functions = await connect(module, (commit) => digests.push(commit.sha256));
for (const file of files) functions.giveFile(basename(file), readFileSync(file));
const text = readFileSync(params, "utf8");
const plan = functions.examine(text);
const began = performance.now();
const answer = plan.error ? plan : functions.solve(text, plan.warnings);
const seconds = (performance.now() - began) / 1000;
if (plan.has_fit) answer.fit = functions.fit(text);
console.log(JSON.stringify({ digests, seconds, plan: { ...plan, view: undefined }, ...answer }));
