"use strict";

/**
 * An instance of the module, with its functions as functions of texts. `look` is called with the line and the values of each
 * snapshot, and `tell`, a few times a second, with the number of steps, or of runs of a fit, that are done.
 */
async function connect(module, look, tell = () => {}) {
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
  let exported;
  const bytesAt = (at, length) => new Uint8Array(exported.memory.buffer, at, length);
  const textAt = (at, length) => decoder.decode(bytesAt(at, length));
  const imports = {
    now: () => performance.now(),
    is_stopped(done) {
      tell(done);
      return 0;
    },
    random(at, length) {
      for (let begin = 0; begin < length; begin += 65536) {
        crypto.getRandomValues(bytesAt(at + begin, Math.min(65536, length - begin)));
      }
    },
    look: (commitAt, commitLength, at, length) => look(textAt(commitAt, commitLength), bytesAt(at, length).slice()),
  };
  exported = (await WebAssembly.instantiate(module, { page: imports })).exports;
  const given = (bytes) => {
    const at = exported.allocate(bytes.length);
    bytesAt(at, bytes.length).set(bytes);
    return [at, bytes.length];
  };
  const call = (name) => (text) => {
    const at = exported[name](...given(encoder.encode(text)));
    const length = new DataView(exported.memory.buffer).getUint32(at, true);
    return JSON.parse(textAt(at + 4, length));
  };
  return {
    giveFile: (name, bytes) => exported.give_file(...given(encoder.encode(name)), ...given(bytes)),
    keys: call("keys"),
    examine: call("examine"),
    /** Runs a problem, of which the warnings may be known, from the last snapshot of a shorter run if there is one. */
    solve(text, warnings, { state, ...shorter } = {}) {
      if (state) exported.give_state(...given(state));
      return call("solve")(JSON.stringify({ text, warnings, shorter: state && shorter }));
    },
    fit: call("fit"),
  };
}

/** Does one task for the page, and answers with its result. */
async function work({ data: { task, module, text, files, warnings, shorter } }) {
  const report = (line, values) => postMessage({ line, values }, [values.buffer]);
  let told = performance.now();
  const tell = (done) => {
    if (performance.now() < told + 200) return;
    told = performance.now();
    postMessage({ done });
  };
  try {
    const functions = await connect(module, report, tell);
    for (const name in files) functions.giveFile(name, files[name]);
    postMessage({ answer: functions[task](text, warnings, shorter) });
  } catch (error) {
    const isFull = /memory|allocat|unreachable/i.test(String(error));
    const sentence = isFull
      ? "the page has too little memory for this: it has 4 GiB at most; a larger dx or outtime takes less, and so does the program, which writes to files"
      : `the page could not do this: ${error}`;
    postMessage({ answer: { error: sentence } });
  }
}

if (typeof importScripts === "function") addEventListener("message", work);
