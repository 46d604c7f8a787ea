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
  /** The answer of the fit that is shown. */
  let fitted = null;

  const { short, linearTicks, extremes, shape } = window.viewer;
  // The most letters of a link that browsers take.
  const LONGEST_LINK = 2000000;

  /** Tells what has happened, or why something cannot be done. */
  function tell(sentence, isWrong = false) {
    status.textContent = sentence;
    status.classList.toggle("wrong", isWrong);
  }

  /** A sentence of the program without its advice on options of a command line, which a page does not have. */
  const forPage = (sentence) =>
    sentence.replace(/: [^,;:\n]*--\w[^,;\n]*, or /g, ": ").replace(/[,;:] [^,;:\n]*--\w[^,;\n]*/g, "");

  const duration = (seconds) => {
    const lengths = [[172800, 86400, "days"], [5400, 3600, "h"], [90, 60, "min"], [1, 1, "s"]];
    const length = lengths.find(([least]) => seconds >= least);
    return length ? `${Math.round(seconds / length[1])} ${length[2]}` : "less than a second";
  };

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
  let module = null;

  /** Compiles the module, and lists the keys that it knows. Returns what this browser lacks for that, in a sentence, or nothing. */
  async function prepare() {
    const needed = ["WebAssembly", "Worker", "DecompressionStream", "CompressionStream"];
    const missing = needed.filter((name) => typeof window[name] === "undefined");
    if (missing.length) return `This page cannot compute, since this browser has no ${missing.join(" and no ")}: one of 2023 or later does.`;
    try {
      const packed = bytesOf(element("module").textContent);
      module = await WebAssembly.compile(await through(packed, new DecompressionStream("deflate")));
    } catch (error) {
      return `This page cannot compute, since it may not compile WebAssembly here, by a policy of the browser or of whoever serves the page: ${error.message}`;
    }
    const keys = await begin("keys", "").answer;
    if (keys.error) return `This page cannot compute: ${keys.error}`;
    element("keys").lastElementChild.append(table([["key", "example", "meaning", "accepted"], ...keys]));
    return "";
  }

  /** Begins a task. `look` is called with each snapshot, and `follow` with the number of steps or runs that are done. */
  function begin(task, text, { look, follow, warnings, shorter } = {}) {
    let worker;
    try {
      worker = new Worker(source);
    } catch (error) {
      return { answer: { error: `the browser lets the page start no worker: ${error.message}` }, end() {} };
    }
    const answer = new Promise((resolve) => {
      worker.onmessage = ({ data }) => {
        if (data.done !== undefined) return follow?.(data.done);
        if (!data.answer) return look(data.line, data.values);
        worker.terminate();
        resolve(data.answer);
      };
      worker.onerror = ({ message }) => resolve({ error: message ? `the page could not do this: ${message}` : "the browser lets the page start no worker" });
    });
    worker.postMessage({ task, module, text, files, warnings, shorter });
    return { answer, end: () => worker.terminate() };
  }

  // The editor.

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

  const lineOf = (sentence) => Number((sentence.match(/^this\.toml:(\d+)/) || [])[1] || 0);

  /** Shows the sentences of errors below the text, of which they mark the lines. A click on one leads to its line. */
  function showFaults(sentences) {
    element("faults").replaceChildren();
    for (const sentence of sentences) {
      const told = document.createElement("p");
      told.textContent = forPage(sentence);
      if (lineOf(sentence)) {
        told.dataset.line = lineOf(sentence);
        told.addEventListener("click", () => goToLine(lineOf(sentence)));
      }
      element("faults").append(told);
    }
    drawNumbers(new Set(sentences.map(lineOf)));
  }

  function goToLine(line) {
    const lines = editor.value.split("\n");
    const at = lines.slice(0, line - 1).join("\n").length + (line > 1);
    editor.focus();
    editor.setSelectionRange(at, at + lines[line - 1].length);
    editor.scrollTop = (line - 5) * parseFloat(getComputedStyle(editor).lineHeight);
  }

  editor.addEventListener("scroll", () => {
    element("numbers").scrollTop = editor.scrollTop;
  });
  let typing = null;
  element("longer").addEventListener("input", () => tell(""));
  editor.addEventListener("input", () => {
    if (status.classList.contains("wrong")) tell("");
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
    const missing = (answer.missing ?? []).map(({ sentence }) => sentence);
    // A file that is missing is told once, and not again as one that cannot be read.
    const others = (answer.error ?? refusal() ?? "").split("\n").filter((sentence) => sentence && !missing.some((other) => lineOf(other) === lineOf(sentence)));
    showFaults([...missing, ...others]);
    showNotes("warnings", plan?.warnings ?? []);
    element("plan").textContent = plan ? described() : "";
    if (plan) element("fit").hidden = !plan.has_fit;
    if (plan && !runner) {
      const isSaid = Boolean(plan.ends_by);
      Object.assign(element("longer"), { value: isSaid ? plan.end : 2 * plan.runtime, disabled: isSaid });
    }
    buttons();
    return plan;
  }

  /** Why the page cannot run what it has understood, or null. */
  const refusal = () =>
    plan.memory > plan.most_memory
      ? `the page cannot run this: state and snapshots take ${size(plan.memory)}, and a page has ${size(plan.most_memory)}; a larger dx or outtime takes less, and the program writes snapshots to a file`
      : null;

  /** How large a run is, and how long it takes here. */
  function described() {
    const digits = (value) => short(value, 6);
    const stages = plan.stages > 1 ? ` of ${plan.stages} stages` : "";
    const steps = plan.ends_by === "method" ? "the steady state" : `${plan.steps} steps${stages} of dt = ${digits(plan.dt)} (by ${plan.dt_by}), ${plan.snapshots} snapshots up to ${label(plan.end, plan)}`;
    const time = plan.seconds === null ? "" : `; about ${duration(plan.seconds)} in this page`.replace("about less", "less");
    return `${plan.nx} × ${plan.ny} nodes, dx = ${digits(plan.dx)}, ${steps}, ${size(plan.bytes)}${time}`;
  }

  function showNotes(id, sentences) {
    element(id).replaceChildren();
    for (const sentence of sentences) {
      const told = document.createElement("li");
      told.textContent = forPage(sentence);
      element(id).append(told);
    }
  }

  // Runs.

  /** A time with its unit in a plan: that of the run that is shown, or of the text. */
  const label = (t, { view } = run.plan) => `t = ${Number(t.toPrecision(6))}${view.t ? " " + view.t : ""}`;

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
        ...run.plan.view, ...run.named, source: run.named.title, tallest: 0.5, open: 0, log: false, own: false, contours: 0,
        frames: [frame], range: found, found,
        notes: ["Values are as computed: nothing is rounded."],
      });
    } else window.viewer.add(frame, found, found);
    const row = element("digests").insertRow();
    for (const cell of [commit.index, commit.step, commit.simtime, commit.mass, commit.min, commit.max, commit.sha256]) row.insertCell().textContent = cell;
    element("proof").hidden = false;
    if (!run.follow) tell(reached());
  }

  const reached = () => {
    const commit = run.commits.at(-1);
    return `${label(commit.simtime)}, snapshot ${commit.index} of ${run.plan.snapshots - 1}`;
  };

  /** What tells of the steps of a run, and, from the second time on, of the time that is left. */
  function follower() {
    let first = null;
    return (steps) => {
      first ??= { steps, time: performance.now() };
      const { steps: last } = run.plan;
      const rate = (steps - first.steps) / (performance.now() - first.time);
      const left = rate > 0 ? `, ${duration((last - steps) / rate / 1000)} left` : "";
      tell(`step ${steps} of ${last}${left}${run.commits.length ? `; ${reached()}` : ""}`);
    };
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
    if (!(await examine()) || !mayRun()) return;
    drop();
    run = { ...run, text: editor.value, files: { ...files }, plan, named: named(), end: null };
    if (!shorter) clear();
    element("downloads").replaceChildren();
    element("recorded").hidden = true;
    showFit(false);
    const began = performance.now();
    tell("computing …");
    const follow = follower();
    run.follow = false;
    runner = begin("solve", run.text, {
      look: enter,
      follow(steps) {
        run.follow = true;
        follow(steps);
      },
      warnings: plan.warnings,
      shorter,
    });
    buttons();
    const answer = await runner.answer;
    runner = null;
    buttons();
    if (answer.error) {
      tell("");
      return showFaults(answer.error.split("\n"));
    }
    run.end = answer;
    const end = answer.ended ? `, ended with snapshot ${run.commits.length - 1}: ${answer.ended}` : "";
    tell(`done in ${((performance.now() - began) / 1000).toFixed(2)} s${end}`);
    document.body.dataset.done = run.commits.length;
    offer();
    record();
  }

  function stop() {
    if (!runner) return;
    runner.end();
    const { isFit } = runner;
    runner = null;
    buttons();
    if (isFit) return tell("the fit was stopped, and nothing of it is kept");
    tell(run.commits.length ? `stopped behind snapshot ${run.commits.length - 1}` : "stopped before the first snapshot");
    element("longer").value = run.plan.runtime;
    if (run.commits.length) offer();
  }

  const mayRun = () => !runner && plan !== null && !refusal();

  function buttons() {
    element("run").disabled = !mayRun();
    element("fit").disabled = !mayRun() || plan.missing.length > 0;
    element("stop").disabled = !runner;
    element("continue").disabled = !mayRun() || !run?.commits.length;
  }

  /** Runs on to a later time, or says why there is nothing to be done. */
  function goOn() {
    const typed = element("longer").value.trim();
    const longer = Number(typed);
    const there = run.commits.at(-1).simtime;
    const line = /^(\s*runtime\s*=\s*)([^#\n]*?)(\s*(?:#.*)?)$/m;
    const isSame = longer === plan.runtime || plan.ends_by;
    if (!typed || !Number.isFinite(longer)) return tell(`"${typed}" is no number: a time later than ${label(there)} goes on from there`, true);
    if (run.end?.ended && editor.value === run.text) return tell(`nothing is to be done: the run has ended at ${label(there)}, since ${run.end.ended}`, true);
    if (longer <= there && run.end) {
      const wayOut = {
        method: "a steady state has no later time",
        outtimes: "outtimes in the text say when the run ends, and a later time among them goes on",
      };
      return tell(`nothing is to be done: the run has reached ${label(there)}, and ${wayOut[plan.ends_by] ?? "a later time goes on from there"}`, true);
    }
    if (longer < there) return tell(`nothing is to be done: the run has reached ${label(there)} already`, true);
    if (!isSame && !line.test(editor.value)) return tell("the text has no line of its own with runtime = …, which says when the run ends: write the time there", true);
    if (!isSame) {
      write(editor.value.replace(line, (_, before, __, behind) => `${before}${Number.isInteger(longer) ? longer + ".0" : longer}${behind}`));
    }
    solve(shorterRun());
  }

  // Titles.

  /** The title of the problem in the editor, and its short name: of a problem of the menu its own, or with what was changed in it. */
  function named() {
    const comment = (editor.value.match(/^#\s*(.+)$/m) || [])[1];
    const own = gallery.find(({ title }) => title === comment);
    if (own?.text === editor.value) return { title: own.title.split(/\.(?: (?=[A-Z])|$)/)[0], name: own.name };
    if (comment && !own) return { title: comment, name: "this" };
    const lines = (text) => text.split("\n").map((line) => line.replace(/\s*#.*$/, "").trim()).filter(Boolean);
    const [ours, theirs] = [lines(editor.value), lines(own?.text ?? "")];
    const changed = ours.filter((line) => !theirs.includes(line));
    const removed = theirs.filter((line) => !ours.includes(line)).length;
    const end = plan.ends_by === "method" ? "in the steady state" : `up to ${label(plan.end, plan)}`;
    const size = `${plan.nx} × ${plan.ny} nodes ${end}`;
    if (!own || changed.length > ours.length / 2) return { title: size, name: "this" };
    const how = changed.length > 2 ? `changed in ${changed.length} lines` : changed.length ? `with ${changed.join(", ")}` : `without ${removed} of its lines`;
    return { title: changed.length || removed ? `${own.name} ${how}` : own.name, name: "this" };
  }

  // Downloads.

  function save(name, parts, type = "application/octet-stream", parent = element("downloads"), shown = name) {
    const link = document.createElement("a");
    link.download = name;
    link.href = URL.createObjectURL(new Blob(parts, { type }));
    link.textContent = shown;
    parent.append(link, " ");
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

  /** Draws points, and a curve through others, [x, y] each, over one pair of axes. */
  function draw(parent, { curve = [], points = [], across, up, height = 250, hasZero = false }) {
    const all = [...curve, ...points].filter((point) => point.every(Number.isFinite));
    const svg = shape(parent, "svg", { class: "chart", viewBox: `0 0 720 ${height}`, role: "img", "aria-label": `${up} over ${across}` });
    if (!all.length) return;
    const range = (values, margin) => {
      let [low, high] = extremes(values);
      if (hasZero && margin) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
      const half = low < high ? margin * (high - low) : Math.abs(low) / 2 || 0.5;
      return [low - half, high + half];
    };
    const [[x0, x1], [y0, y1]] = [range(all.map(([x]) => x), 0), range(all.map(([, y]) => y), 0.06)];
    const [left, top, right, bottom] = [86, 10, 706, height - 46];
    const xOf = (x) => left + ((x - x0) / (x1 - x0)) * (right - left);
    const yOf = (y) => bottom - ((y - y0) / (y1 - y0)) * (bottom - top);
    shape(svg, "rect", { class: "axis", x: left, y: top, width: right - left, height: bottom - top });
    for (const [x, text] of linearTicks(x0, x1, 8)) {
      shape(svg, "path", { class: "axis", d: `M${xOf(x)} ${bottom}v5` });
      shape(svg, "text", { x: xOf(x), y: bottom + 19, "text-anchor": "middle" }, text);
    }
    for (const [y, text] of linearTicks(y0, y1, height / 50)) {
      shape(svg, "path", { class: "axis", d: `M${left} ${yOf(y)}h-5` });
      shape(svg, "text", { x: left - 9, y: yOf(y) + 4.5, "text-anchor": "end" }, text);
    }
    shape(svg, "text", { x: (left + right) / 2, y: height - 8, "text-anchor": "middle" }, across);
    const middle = (top + bottom) / 2;
    shape(svg, "text", { x: 16, y: middle, "text-anchor": "middle", transform: `rotate(-90 16 ${middle})` }, up);
    if (hasZero) shape(svg, "path", { class: "zero", d: `M${left} ${yOf(0)}H${right}` });
    const path = curve.map(([x, y]) => `${xOf(x).toFixed(1)} ${yOf(y).toFixed(1)}`).join("L");
    if (path) shape(svg, "path", { class: "curve", d: "M" + path });
    for (const [x, y] of points) shape(svg, "circle", { cx: xOf(x), cy: yOf(y), r: points.length > 150 ? 1.5 : 3 });
  }

  const withUnit = (name, unit) => (unit ? `${name} [${unit}]` : name);

  /** The unit in which times up to a last one are read most easily, and its length in the unit of a plan. */
  function readable(last, unit) {
    if (unit !== "s") return { unit, length: 1 };
    const units = [["s", 1], ["min", 60], ["h", 3600], ["d", 86400]];
    const [name, length] = units.find(([, length]) => last / length < 600) ?? units.at(-1);
    return { unit: name, length };
  }

  /** Shows the record of the run, a column at a time. */
  function record() {
    if (!run.end.record) return;
    const [names, ...rows] = run.end.record.trim().split("\n").map((line) => line.split(","));
    const units = Object.fromEntries(JSON.parse(run.end.record_description).columns.map(({ name, unit }) => [name, unit]));
    const time = readable(Number(rows.at(-1)?.[1]), run.plan.view.t);
    const column = element("column");
    const kept = column.value;
    column.replaceChildren(...names.slice(2).filter((name) => name !== "date").map((name) => new Option(name)));
    if (names.includes(kept)) column.value = kept;
    column.onchange = () => {
      const index = names.indexOf(column.value);
      const curve = rows.map((row) => [Number(row[1]) / time.length, Number(row[index])]);
      element("curve").replaceChildren();
      draw(element("curve"), { curve, across: withUnit("t", time.unit), up: withUnit(column.value, units[column.value]) });
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

  /** A number with the digits that its error leaves, two of the error; with five where there is none. */
  function rounded(value, error) {
    if (value === null) return "?";
    const order = (number) => Math.floor(Math.log10(Math.abs(number)));
    const digits = value && error > 0 ? order(value) - order(error) + 2 : 5;
    if (digits < 1) return "0";
    const text = value.toPrecision(Math.min(15, digits));
    return text.includes("e") || Math.abs(value) < 1e-4 ? short(value, Math.min(15, digits)) : text.replace("-", "−");
  }

  /** Shows the answer of a fit in place of the picture, or the picture again. */
  function showFit(isShown) {
    element("fitted").hidden = !isShown;
    // Record, digests and files are those of the run that the picture shows.
    document.body.classList.toggle("fits", isShown);
    element("viewer").hidden = element("downloads").hidden = isShown;
    // What is hidden has no size, by which the picture is laid out.
    if (!isShown) dispatchEvent(new Event("resize"));
  }

  async function fit() {
    if (!(await examine()) || !mayRun() || plan.missing.length) return;
    const asked = { text: editor.value, plan };
    tell("fitting …");
    runner = { ...begin("fit", asked.text, { follow: (runs) => tell(`fitting: ${runs} runs`) }), isFit: true };
    buttons();
    const { error, ...found } = await runner.answer;
    runner = null;
    buttons();
    tell(error ? "" : `fitted by ${found.answer.runs} runs`);
    if (error) return showFaults(error.split("\n"));
    fitted = { ...found, ...asked };
    showAnswer();
    showFit(true);
  }

  function showAnswer() {
    const { answer, rows, data, files: written, plan } = fitted;
    const unknowns = Object.entries(answer.unknowns);
    element("found").textContent = `Fit of ${unknowns.map(([name]) => name).join(", ")}, found by ${answer.runs} runs`;
    const cells = unknowns.map(([name, { start, estimate, standard_error: error, interval, at_bound: isAtBound }]) => {
      const [low, high] = interval.map((end) => rounded(end, error));
      return [name, rounded(estimate, error), isAtBound ? "at a bound" : rounded(error, error), `${low} to ${high}`, short(start, 6)];
    });
    element("answer").replaceChildren(table([["", "estimate", "standard error", "95 % interval", "in the text"], ...cells]));
    const pairs = answer.correlation.flatMap((row, k) => row.slice(0, k).map((value, other) => [other, k, value]));
    const strong = pairs.filter(([, , value]) => Math.abs(value) > 0.5);
    showNotes("doubts", [...strong.map(([a, b, value]) => `the errors of ${unknowns[a][0]} and ${unknowns[b][0]} correlate by ${rounded(value, 0.1)}`), ...answer.warnings]);
    element("fit-files").replaceChildren("Save this.fit ");
    for (const kind in written) save(`this.fit.${kind}`, [written[kind]], "text/plain", element("fit-files"), `.${kind}`);
    element("curves").replaceChildren();
    const units = Object.fromEntries(data.flatMap(({ units = [] }) => units.map(({ name, used }) => [name, used])));
    const { unit, length } = readable(Math.max(...rows.flatMap(({ rows: numbers }) => numbers.map(([t]) => t))), plan.view.t);
    // A curve needs two points.
    const lines = rows.filter(({ rows: numbers }) => numbers.length < 2).flatMap(({ name, rows: numbers }) =>
      numbers.map(([t, measured, computed]) => [name, short(t, 6), short(measured, 6), short(computed, 6), short(measured - computed, 3)]));
    if (lines.length) element("curves").append(table([["column", withUnit("t", plan.view.t), "measured", "computed", "residual"], ...lines]));
    for (const { name, rows: numbers } of rows) {
      if (numbers.length < 2) continue;
      const along = numbers.map(([t, ...values]) => [t / length, ...values]);
      const across = withUnit("t", unit);
      draw(element("curves"), {
        curve: along.map(([t, , computed]) => [t, computed]),
        points: along.map(([t, measured]) => [t, measured]),
        across,
        up: withUnit(name, units[name]),
      });
      draw(element("curves"), {
        points: along.map(([t, measured, computed]) => [t, measured - computed]),
        across,
        up: withUnit("residual", units[name]),
        height: 170,
        hasZero: true,
      });
    }
    const caption = document.createElement("p");
    caption.className = "note";
    caption.textContent = "Circles are measured, lines computed; a residual is measured − computed.";
    element("curves").append(caption);
    element("answer").dataset.json = JSON.stringify(answer);
  }

  /** Puts the numbers of the fit into the text: each in its place, or, where that is not plain to see, by the file of the fit. */
  function takeNumbers() {
    const { answer, files: written } = fitted;
    let text = fitted.text;
    for (const [name, { start, estimate }] of Object.entries(answer.unknowns)) {
      const key = name.split(".").at(-1).replace(/[^\w]/g, "\\$&");
      const pattern = new RegExp(`((?:^|[\\s,{.])${key}\\s*=\\s*)([-+\\d._eE]+)`, "gm");
      const places = [...text.matchAll(pattern)].filter(([, , number]) => Number(number.replace(/_/g, "")) === start);
      if (places.length !== 1) {
        text = written.toml;
        break;
      }
      const [{ index, 0: whole, 1: before }] = places;
      text = text.slice(0, index) + before + (Number.isInteger(estimate) ? estimate.toFixed(1) : estimate) + text.slice(index + whole.length);
    }
    write(text);
    fitted.text = text;
    examine();
    tell("the fitted numbers are in the text, and Run shows their field");
  }

  // Files, which are dropped or chosen.

  function showFiles() {
    element("files").textContent = Object.keys(files).join(", ") || "none yet";
  }

  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", async (event) => {
    event.preventDefault();
    takeAll(event.dataTransfer.files);
  });
  element("chosen").addEventListener("change", async ({ target }) => {
    await takeAll(target.files);
    // The same file can be chosen again, once it has changed.
    target.value = "";
  });

  async function takeAll(list) {
    for (const file of list) await take(file.name, new Uint8Array(await file.arrayBuffer()));
    examine();
  }

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
    const letters = textOf(packed).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    if (letters.length > LONGEST_LINK) {
      const names = named.map(([name]) => name).join(", ");
      return tell(`the link would have ${letters.length} letters, and browsers take ${LONGEST_LINK}: send the text and ${names} as files, which whoever gets them drops on this page`, true);
    }
    location.hash = letters;
    try {
      await navigator.clipboard.writeText(location.href);
      tell("the link is in the clipboard and in the address");
    } catch {
      tell("the link is in the address");
    }
  }

  async function linked() {
    if (location.hash.length < 2) return false;
    try {
      const packed = bytesOf(location.hash.slice(1).replace(/-/g, "+").replace(/_/g, "/"));
      const problem = JSON.parse(new TextDecoder().decode(await through(packed, new DecompressionStream("deflate"))));
      files = Object.fromEntries(Object.entries(problem.files).map(([name, bytes]) => [name, bytesOf(bytes)]));
      editor.value = problem.text;
      return true;
    } catch {
      notice("The link to this page is cut or damaged: this is another problem. Ask for the whole link, or for the files.");
      return false;
    }
  }

  /** Shows a sentence until the user does something. */
  function notice(sentence) {
    Object.assign(element("notice"), { textContent: sentence, hidden: false });
    for (const kind of ["pointerdown", "keydown", "drop", "input"]) {
      addEventListener(kind, () => (element("notice").hidden = true), { once: true });
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
    element("lacking").hidden = true;
    const lack = await prepare();
    if (lack) return Object.assign(element("lacking"), { textContent: lack, className: "", hidden: false });
    element("gallery").append(...gallery.map(({ name, title }) => new Option(`${name}: ${title}`, name)));
    element("gallery").addEventListener("change", ({ target }) => {
      if (runner) stop();
      choose(target.value);
      solve();
    });
    const acts = { run: solve, stop, continue: goOn, fit, link, use, take: takeNumbers, back: () => showFit(false), choose: () => element("chosen").click() };
    for (const [id, act] of Object.entries(acts)) element(id).addEventListener("click", () => act());
    if (!(await linked())) choose(element("gallery").value);
    drawNumbers();
    showFiles();
    solve();
  }

  start();
})();
