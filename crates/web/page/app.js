"use strict";
(() => {
  const element = (id) => document.getElementById(id);
  const gallery = JSON.parse(element("problems").textContent);
  const { text: editor, state: status } = { text: element("text"), state: element("state") };

  /** Files that the parameters may name, by name. */
  let files = {};
  /** What the module says of the parameters, once it has looked at them. */
  let plan = null;
  /** The run that is shown: its text, plan and files; the line, the commit in it and the values of each snapshot; and its end. */
  let run = null;
  let runner = null;
  let examiner = null;

  // Bytes as text, and the other way round.

  function bytesOf(text) {
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    // Uint8Array.from takes ten times as long, half a second for the module.
    for (let at = 0; at < bytes.length; at++) bytes[at] = letters.charCodeAt(at);
    return bytes;
  }
  const textOf = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return btoa(text);
  };
  const through = async (bytes, stream) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());

  // Workers: one for each task, so that a task that is no longer wanted ends at once.

  const source = URL.createObjectURL(new Blob([element("worker").textContent], { type: "text/javascript" }));
  const module = through(bytesOf(element("module").textContent), new DecompressionStream("deflate")).then((bytes) => WebAssembly.compile(bytes));

  function begin(task, text, look, warnings, shorter) {
    const worker = new Worker(source);
    const answer = new Promise((resolve) => {
      worker.onmessage = ({ data }) => {
        if (!data.answer) return look(data.line, data.values);
        worker.terminate();
        resolve(data.answer);
      };
      worker.onerror = ({ message }) => resolve({ error: `the page could not do this: ${message}` });
    });
    module.then((module) => worker.postMessage({ task, module, text, files, warnings, shorter }));
    return { answer, end: () => worker.terminate() };
  }

  // The editor.

  const lineHeight = () => parseFloat(getComputedStyle(editor).lineHeight);

  function drawNumbers(wrong = new Set()) {
    const lines = editor.value.split("\n").length;
    element("numbers").replaceChildren();
    for (let line = 1; line <= lines; line++) {
      const number = document.createElement("span");
      number.textContent = line + "\n";
      if (wrong.has(line)) number.className = "wrong";
      element("numbers").append(number);
    }
    element("numbers").scrollTop = editor.scrollTop;
  }

  /** Shows the sentences of errors, each below its line. */
  function showFaults(sentences) {
    element("faults").replaceChildren();
    const wrong = new Set();
    for (const sentence of sentences) {
      const told = document.createElement("p");
      const line = Number((sentence.match(/^this\.toml:(\d+)/) || [])[1]);
      if (line) {
        wrong.add(line);
        told.dataset.line = line;
      } else told.className = "whole";
      told.textContent = sentence;
      element("faults").append(told);
    }
    drawNumbers(wrong);
    placeFaults();
  }

  function placeFaults() {
    for (const told of element("faults").children) {
      if (!told.dataset.line) continue;
      const top = told.dataset.line * lineHeight() + 8 - editor.scrollTop;
      told.style.top = top + "px";
      told.hidden = top < 0 || top > element("editor").clientHeight - 10;
    }
  }

  editor.addEventListener("scroll", () => {
    element("numbers").scrollTop = editor.scrollTop;
    placeFaults();
  });
  let typing = null;
  editor.addEventListener("input", () => {
    drawNumbers();
    element("faults").replaceChildren();
    clearTimeout(typing);
    typing = setTimeout(examine, 300);
  });

  const size = (bytes) => (bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(1)} KiB` : bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`);

  /** Asks what a run of the text would do, and shows that or what is wrong. */
  async function examine() {
    if (examiner) examiner.end();
    const asked = (examiner = begin("examine", editor.value));
    const answer = await asked.answer;
    if (asked !== examiner) return null;
    examiner = null;
    plan = answer.error ? null : answer;
    showFaults(answer.error ? answer.error.split("\n") : []);
    element("run").disabled = !plan || Boolean(runner);
    element("warnings").replaceChildren();
    if (!plan) {
      element("plan").textContent = "";
      return null;
    }
    const stages = plan.stages > 1 ? ` of ${plan.stages} stages` : "";
    element("plan").textContent = `${plan.nx} × ${plan.ny} nodes, dx = ${plan.dx}, ${plan.steps} steps${stages} of dt = ${plan.dt} (by ${plan.dt_by}), ${plan.snapshots} snapshots up to t = ${plan.end}, ${size(plan.bytes)}`;
    for (const warning of plan.warnings) {
      const told = document.createElement("li");
      told.textContent = warning;
      element("warnings").append(told);
    }
    element("fit").hidden = !plan.has_fit;
    if (!runner) element("longer").value = 2 * plan.runtime;
    return plan;
  }

  // Runs.

  const label = (t) => `t = ${Number(t.toPrecision(6))}${plan.view.t ? " " + plan.view.t : ""}`;

  /** The values of a snapshot as numbers, row by row. */
  const valuesOf = (bytes) => (bytes.length === 4 * run.plan.nx * run.plan.ny ? Float64Array.from(new Float32Array(bytes.buffer)) : new Float64Array(bytes.buffer));

  /** The ends of the values of all snapshots, as the viewer wants them. */
  function ends(commits) {
    const finite = (values) => values.filter(Number.isFinite);
    const low = Math.min(...finite(commits.map(({ min }) => min)));
    const high = Math.max(...finite(commits.map(({ max }) => max)));
    const positive = Math.min(...finite(commits.map((commit) => commit.positive)));
    return { low: finite([low])[0] ?? null, high: finite([high])[0] ?? null, positive: finite([positive])[0] ?? null };
  }

  function enter(line, bytes) {
    const commit = JSON.parse(line);
    if (commit.index === 0) clear();
    const values = valuesOf(bytes);
    commit.positive = values.reduce((least, value) => (value > 0 && value < least ? value : least), Infinity);
    for (const end of ["min", "max"]) if (commit[end] === null) commit[end] = NaN;
    run.lines.push(line);
    run.commits.push(commit);
    run.values.push(bytes);
    const frame = { label: label(commit.simtime), low: commit.min, high: commit.max, positive: commit.positive, values };
    const found = ends(run.commits);
    const isFirst = run.commits.length === 1;
    if (isFirst) {
      window.viewer.take({
        ...run.plan.view, title: run.title, source: run.title, open: 0, log: false, own: false, contours: 0,
        frames: [frame], range: found, found,
        notes: ["Values are as computed: nothing is rounded."],
      });
    } else window.viewer.add(frame, found, found);
    const row = element("digests").insertRow();
    for (const cell of [commit.index, commit.step, commit.simtime, commit.mass, commit.min, commit.max, commit.sha256]) row.insertCell().textContent = cell;
    element("proof").hidden = false;
    status.textContent = `${label(commit.simtime)}, snapshot ${commit.index} of ${run.plan.snapshots - 1}`;
  }

  /** Forgets the snapshots of the run: it begins at its beginning. */
  function clear() {
    Object.assign(run, { lines: [], commits: [], values: [] });
    element("digests").replaceChildren();
  }

  /** What a longer run needs of the present one: its text, lines and record, and its last values. */
  function shorterRun() {
    const hasFiles = Object.entries(run.files).every(([name, bytes]) => files[name] === bytes);
    if (!hasFiles || !run.values.length) return undefined;
    return { text: run.text, commits: run.lines, record: run.end?.record ?? "", state: run.values.at(-1) };
  }

  /** Runs the text in the editor, from its beginning, or from the last snapshot of a shorter run. */
  async function solve(shorter) {
    if (!(await examine())) return;
    drop();
    run = { ...run, text: editor.value, files: { ...files }, plan, title: title(), end: null };
    if (!shorter) clear();
    element("downloads").replaceChildren();
    element("recorded").hidden = element("fitted").hidden = true;
    const began = performance.now();
    status.textContent = "computing …";
    runner = begin("solve", run.text, enter, plan.warnings, shorter);
    buttons();
    const answer = await runner.answer;
    runner = null;
    buttons();
    if (answer.error) {
      status.textContent = "";
      return showFaults(answer.error.split("\n"));
    }
    run.end = answer;
    const end = answer.ended ? `, ended with snapshot ${run.commits.length - 1}: ${answer.ended}` : "";
    status.textContent = `done in ${((performance.now() - began) / 1000).toFixed(2)} s${end}`;
    document.body.dataset.done = run.commits.length;
    offer();
    record();
  }

  function stop() {
    if (!runner) return;
    runner.end();
    runner = null;
    status.textContent = `stopped behind snapshot ${run.commits.length - 1}`;
    element("longer").value = run.plan.runtime;
    buttons();
    offer();
  }

  function buttons() {
    element("run").disabled = Boolean(runner) || !plan;
    element("stop").disabled = !runner;
    element("continue").disabled = Boolean(runner) || !run;
  }

  /** Runs on to a longer time. */
  function goOn() {
    const longer = Number(element("longer").value);
    const line = /^(\s*runtime\s*=\s*)([^#\n]*?)(\s*(?:#.*)?)$/m;
    if (longer > 0 && longer !== plan?.runtime && line.test(editor.value)) {
      write(editor.value.replace(line, (_, before, __, behind) => `${before}${Number.isInteger(longer) ? longer + ".0" : longer}${behind}`));
    }
    solve(shorterRun());
  }

  const title = () => (editor.value.match(/^#\s*(.+)$/m) || [, "this.toml"])[1];

  // Downloads.

  function save(name, parts, type = "application/octet-stream") {
    const link = document.createElement("a");
    link.download = name;
    link.href = URL.createObjectURL(new Blob(parts, { type }));
    link.textContent = name;
    element("downloads").append(link);
  }

  function offer() {
    element("downloads").replaceChildren("Save ");
    if (run.end) {
      save("this.npy", [Uint8Array.from(run.end.header), ...run.values]);
      save("this.journal", [run.end.journal]);
      if (run.end.record) {
        save("this.record.csv", [run.end.record], "text/csv");
        save("this.record.json", [run.end.record_description], "application/json");
      }
    }
    save("this.toml", [run.text], "text/plain");
    for (const name in run.files) if (run.text.includes(name)) save(name, [run.files[name]]);
  }

  // Curves.

  function shape(parent, name, attributes, text = "") {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    made.textContent = text;
    parent.append(made);
    return made;
  }

  /** Draws points, and curves through others, [x, y] each, over one pair of axes. */
  function draw(parent, curves, points, [across, up]) {
    const all = [...curves, ...points].flat().filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
    const svg = shape(parent, "svg", { class: "chart", viewBox: "0 0 800 240", role: "img", "aria-label": `${up} over ${across}` });
    if (!all.length) return;
    const range = (values) => {
      const [low, high] = values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
      return low < high ? [low, high] : [low - 0.5, high + 0.5];
    };
    const [[x0, x1], [y0, y1]] = [range(all.map(([x]) => x)), range(all.map(([, y]) => y))];
    const at = ([x, y]) => [70 + ((x - x0) / (x1 - x0)) * 715, 200 - ((y - y0) / (y1 - y0)) * 185];
    shape(svg, "path", { class: "frame", d: "M70 15V200H785" });
    for (const [x, y, anchor, text] of [[65, 205, "end", y0], [65, 22, "end", y1], [70, 218, "start", x0], [785, 218, "end", x1]]) {
      shape(svg, "text", { x, y, "text-anchor": anchor }, Number(text.toPrecision(4)));
    }
    shape(svg, "text", { x: 427, y: 233, "text-anchor": "middle" }, across);
    shape(svg, "text", { x: 75, y: 14 }, up);
    for (const curve of curves) shape(svg, "path", { d: "M" + curve.map((point) => at(point).map((place) => place.toFixed(1)).join(" ")).join("L") });
    for (const list of points) for (const point of list) shape(svg, "circle", { cx: at(point)[0], cy: at(point)[1], r: 3 });
  }

  /** Shows the record of the run, a column at a time. */
  function record() {
    if (!run.end.record) return;
    const [names, ...rows] = run.end.record.trim().split("\n").map((line) => line.split(","));
    const column = element("column");
    const kept = column.value;
    column.replaceChildren(...names.slice(2).filter((name) => name !== "date").map((name) => new Option(name)));
    if (names.includes(kept)) column.value = kept;
    column.onchange = () => {
      const index = names.indexOf(column.value);
      element("curve").replaceChildren();
      draw(element("curve"), [rows.map((row) => [Number(row[1]), Number(row[index])])], [], ["t", column.value]);
    };
    column.onchange();
    element("recorded").hidden = false;
  }

  // Fits.

  function table(rows) {
    const made = document.createElement("table");
    for (const cells of rows) {
      const line = made.insertRow();
      for (const cell of cells) line.insertCell().textContent = cell;
    }
    return made;
  }

  async function fit() {
    if (!(await examine())) return;
    status.textContent = "fitting …";
    element("fit").disabled = true;
    const { error, answer, rows } = await begin("fit", editor.value).answer;
    element("fit").disabled = false;
    status.textContent = error ? "" : `fitted by ${answer.runs} runs`;
    if (error) return showFaults(error.split("\n"));
    const unknowns = Object.entries(answer.unknowns).map(([name, { estimate, standard_error, interval }]) =>
      [name, estimate, standard_error, interval.map((end) => end ?? "…").join(" … ")]);
    element("answer").replaceChildren(table([["", "estimate", "standard error", "95 % interval"], ...unknowns]));
    for (const warning of answer.warnings) {
      const told = document.createElement("p");
      told.className = "note";
      told.textContent = warning;
      element("answer").append(told);
    }
    // A curve needs two points.
    const single = rows.filter(({ rows: numbers }) => numbers.length < 2);
    const lines = single.flatMap(({ name, rows: numbers }) => numbers.map(([t, measured, computed]) => [name, t, measured, computed, measured - computed]));
    if (lines.length) element("answer").append(table([["column", "t", "measured", "computed", "residual"], ...lines]));
    for (const { name, rows: numbers } of rows) {
      if (numbers.length < 2) continue;
      draw(element("answer"), [numbers.map(([t, , computed]) => [t, computed])], [numbers.map(([t, measured]) => [t, measured])], ["t", name]);
      draw(element("answer"), [], [numbers.map(([t, measured, computed]) => [t, measured - computed])], ["t", `${name}: measured − computed`]);
    }
    element("answer").dataset.json = JSON.stringify(answer);
    element("fitted").hidden = false;
  }

  // Files, which are dropped.

  function showFiles() {
    element("files").textContent = Object.keys(files).join(", ") || "none";
  }

  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", async (event) => {
    event.preventDefault();
    for (const file of event.dataTransfer.files) await take(file.name, new Uint8Array(await file.arrayBuffer()));
    examine();
  });

  /** Takes a file: a parameter file becomes the text, any other may be named there. */
  async function take(name, bytes) {
    if (/\.toml$/i.test(name)) return write(new TextDecoder().decode(bytes));
    files[name] = bytes;
    showFiles();
  }

  // Drawings: nodes that were passed over, until they are used as an array.

  let drawn = null;
  /** The node at which the pointer was last, while it is pressed. */
  let before = null;

  function drop() {
    drawn = null;
    element("use").disabled = true;
  }

  /** Replaces a key or table of the top level, which ends at the next heading. */
  function replaced(text, key, lines) {
    const kept = text.split("\n");
    const isTable = (line) => /^\s*\[/.test(line);
    const result = [];
    let within = false;
    for (const line of kept) {
      if (isTable(line)) within = new RegExp(`^\\s*\\[\\s*${key}\\s*[\\].]`).test(line);
      const isKey = !result.some(isTable) && new RegExp(`^\\s*${key}\\s*[.=]`).test(line);
      if (!within && !isKey) result.push(line);
    }
    return result.join("\n").trimEnd() + "\n\n" + lines + "\n";
  }

  /** A matrix of f8 as a file of NumPy. */
  function npy(values, rows, columns) {
    let header = `{'descr': '<f8', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
    header += " ".repeat((128 - ((10 + header.length + 1) % 128)) % 128) + "\n";
    const bytes = new Uint8Array(10 + header.length + 8 * values.length);
    bytes.set([0x93, 78, 85, 77, 80, 89, 1, 0, header.length & 255, header.length >> 8]);
    bytes.set(new TextEncoder().encode(header), 10);
    bytes.set(new Uint8Array(values.buffer), 10 + header.length);
    return bytes;
  }

  /** Draws from where the pointer was to where it is. */
  function drawTo(event) {
    const { row, column } = window.viewer.under(event);
    const from = (event.type === "pointermove" && before) || { row, column };
    const pieces = Math.max(1, Math.abs(row - from.row), Math.abs(column - from.column));
    for (let piece = 0; piece <= pieces; piece++) {
      const between = (begin, end) => Math.round(begin + ((end - begin) * piece) / pieces);
      drawAt(between(from.row, row), between(from.column, column));
    }
    before = { row, column };
  }

  function drawAt(row, column) {
    const { nx, ny } = run.plan;
    const shown = run.values[window.viewer.frame()] || run.values[0];
    const target = element("target").value;
    if (!drawn || drawn.target !== target) {
      const values = target === "mask" ? new Float64Array(nx * ny) : valuesOf(shown).map((value) => (Number.isNaN(value) ? 0 : value));
      drawn = { target, values };
    }
    const radius = Math.max(0, Number(element("radius").value) || 0);
    const value = target === "mask" ? Number(Number(element("value-drawn").value) !== 0) : Number(element("value-drawn").value);
    for (let j = Math.max(0, Math.ceil(row - radius)); j <= Math.min(ny - 1, row + radius); j++) {
      for (let i = Math.max(0, Math.ceil(column - radius)); i <= Math.min(nx - 1, column + radius); i++) {
        if ((j - row) ** 2 + (i - column) ** 2 <= radius ** 2) drawn.values[j * nx + i] = value;
      }
    }
    element("use").disabled = false;
    const field = element("field");
    const context = field.getContext("2d");
    context.fillStyle = target === "mask" ? "#999999" : "#ffffff";
    context.beginPath();
    context.arc(column + 0.5, ny - row - 0.5, radius + 0.5, 0, 2 * Math.PI);
    context.fill();
  }

  for (const kind of ["pointerdown", "pointermove"]) {
    element("viewer").addEventListener(kind, (event) => {
      if (!element("brush").checked || event.target.id !== "field" || !run?.values.length) return;
      event.stopPropagation();
      if (event.buttons & 1) drawTo(event);
    }, true);
  }

  function use() {
    const { nx, ny } = run.plan;
    const { target, values } = drawn;
    const name = target === "mask" ? "mask.npy" : "initial.npy";
    files[name] = npy(values, ny, nx);
    showFiles();
    const lines = target === "mask" ? `[mask]\nfile = "${name}"  # drawn` : `[initial]\nkind = "file"\npath = "${name}"  # drawn`;
    write(replaced(editor.value, target, lines));
    element("brush").checked = false;
    solve();
  }

  // Links: the text and its files, packed, behind the #.

  async function link() {
    const named = Object.entries(files).filter(([name]) => editor.value.includes(name));
    const problem = { text: editor.value, files: Object.fromEntries(named.map(([name, bytes]) => [name, textOf(bytes)])) };
    const packed = await through(new TextEncoder().encode(JSON.stringify(problem)), new CompressionStream("deflate"));
    location.hash = textOf(packed).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    try {
      await navigator.clipboard.writeText(location.href);
      status.textContent = "the link is in the clipboard and in the address";
    } catch {
      status.textContent = "the link is in the address";
    }
  }

  async function linked() {
    if (location.hash.length < 10) return false;
    try {
      const packed = bytesOf(location.hash.slice(1).replace(/-/g, "+").replace(/_/g, "/"));
      const problem = JSON.parse(new TextDecoder().decode(await through(packed, new DecompressionStream("deflate"))));
      files = Object.fromEntries(Object.entries(problem.files).map(([name, bytes]) => [name, bytesOf(bytes)]));
      editor.value = problem.text;
      return true;
    } catch {
      status.textContent = "the link is damaged, and this is another problem";
      return false;
    }
  }

  function write(text) {
    editor.value = text;
    drawNumbers();
  }

  function choose(name) {
    const problem = gallery.find((problem) => problem.name === name);
    files = Object.fromEntries(Object.entries(problem.files).map(([name, bytes]) => [name, bytesOf(bytes)]));
    write(problem.text);
    showFiles();
  }

  async function start() {
    element("gallery").append(...gallery.map(({ name, title }) => new Option(`${name}: ${title}`, name)));
    element("gallery").addEventListener("change", ({ target }) => {
      if (runner) stop();
      choose(target.value);
      solve();
    });
    for (const [id, act] of Object.entries({ run: solve, stop, continue: goOn, fit, link, use })) element(id).addEventListener("click", () => act());
    if (!(await linked())) choose(element("gallery").value);
    drawNumbers();
    showFiles();
    solve();
  }

  start();
})();
