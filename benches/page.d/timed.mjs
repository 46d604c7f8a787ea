// Times a march over many steps in Node: by the module of the page, by a plain loop in C, or by one in JavaScript.
//
// usage: node timed.mjs module WORKER.js MODULE.wasm PARAMS.toml
//        node timed.mjs c LOOP.wasm NODES STEPS
//        node timed.mjs js NODES STEPS
//
// Prints the seconds of processor time that it took.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;

function step(old, next, nodes, r) {
  for (let j = 1; j < nodes - 1; j++) {
    for (let i = 1; i < nodes - 1; i++) {
      const k = j * nodes + i;
      next[k] = old[k] + r * (old[k - nodes] + old[k - 1] + old[k + 1] + old[k + nodes] - 4 * old[k]);
    }
  }
}

/** As the function of this name in loop.c. */
function march(nodes, steps, r) {
  let [old, next] = [new Float64Array(nodes * nodes), new Float64Array(nodes * nodes)];
  old[(nodes >> 1) * nodes + (nodes >> 1)] = 1;
  for (let number = 0; number < steps; number++) {
    step(old, next, nodes, r);
    [old, next] = [next, old];
  }
}

/** What is to be timed, ready to be called. */
async function prepared([kind, ...rest]) {
  if (kind === "js") return () => march(Number(rest[0]), Number(rest[1]), 0.25);
  if (kind === "c") {
    const { instance } = await WebAssembly.instantiate(readFileSync(rest[0]));
    return () => instance.exports.march(Number(rest[1]), Number(rest[2]), 0.25);
  }
  const connect = new Function(readFileSync(rest[0], "utf8") + "\nreturn connect;")();
  const functions = await connect(await WebAssembly.compile(readFileSync(rest[1])), () => {});
  return () => functions.solve(readFileSync(rest[2], "utf8"), []);
}

const timed = await prepared(process.argv.slice(2));
const began = process.cpuUsage();
timed();
const { user, system } = process.cpuUsage(began);
console.log((user + system) / 1e6);
