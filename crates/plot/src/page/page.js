"use strict";
(() => {
  const element = (id) => document.getElementById(id);
  // The description of the frames, and what follows from it.
  let meta, rows, columns, frames, last, most;
  const state = { along: "x", timer: null };
  // The cell of the profile that is read, if any.
  let reading = null;

  // Values: 16 significant bits each, differences to their neighbours in three planes of bytes, deflated.

  const cache = new Map();

  async function decoded(number) {
    if (frames[number].values) return frames[number].values;
    if (cache.has(number)) return cache.get(number);
    const loading = decode(element("f" + number).textContent);
    cache.set(number, loading);
    while (cache.size > most) cache.delete(cache.keys().next().value);
    return loading;
  }

  async function decode(text) {
    const packed = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const count = rows * columns;
    const codes = new Int32Array(count);
    const values = new Float64Array(count);
    const bits = new Int32Array(1);
    const number = new Float32Array(bits.buffer);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, at++) {
        const folded = (bytes[at] << 16) | (bytes[count + at] << 8) | bytes[2 * count + at];
        const left = column ? codes[at - 1] : 0;
        const below = row ? codes[at - columns] : 0;
        const corner = column && row ? codes[at - columns - 1] : 0;
        const sum = left + below - corner + ((folded >>> 1) ^ -(folded & 1));
        const code = (sum << 8) >> 8;
        codes[at] = code;
        bits[0] = code < 0 ? (-code << 8) | 0x80000000 : code << 8;
        values[at] = number[0] * meta.scale + meta.offset;
      }
    }
    return values;
  }

  // Numbers and scales.

  const minus = (text) => text.replace("-", "−");

  function short(value, digits) {
    if (Number.isNaN(value)) return "NaN";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    if (value === 0) return "0";
    const exponent = Math.floor(Math.log10(Math.abs(value)));
    if (exponent >= -4 && exponent < 7) return minus(String(Number(value.toPrecision(digits))));
    const [mantissa, power] = value.toExponential(digits - 1).split("e");
    const raised = power.replace("+", "").replace(/./g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
    const lead = Number(mantissa) === 1 ? "" : minus(String(Number(mantissa))) + "×";
    return lead + "10" + raised;
  }

  function linearTicks(low, high, count) {
    const rough = (high - low) / Math.max(1, count);
    if (!(rough > 0) || !Number.isFinite(rough)) return [];
    const power = Math.pow(10, Math.floor(Math.log10(rough)));
    const step = power * ([1, 2, 5].find((digit) => rough <= digit * power * 1.000001) || 10);
    const ticks = [];
    for (let k = Math.ceil(low / step - 1e-6); k <= high / step + 1e-6 && ticks.length < 100; k++) ticks.push(k * step);
    const digits = Math.max(2, Math.ceil(Math.log10(Math.max(Math.abs(low), Math.abs(high)) / step)) + 1);
    return ticks.map((value) => [value, short(Math.abs(value) < step * 1e-9 ? 0 : value, Math.min(15, digits))]);
  }

  function logTicks(low, high, count) {
    const decades = Math.log10(high / low);
    if (decades < 0.7) return linearTicks(low, high, count);
    const every = Math.max(1, Math.ceil(decades / count));
    const digits = decades < count / 3 ? [1, 2, 5] : [1];
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      if (power % every) continue;
      for (const digit of digits) {
        const value = Number(digit + "e" + power);
        if (value >= low * 0.999999 && value <= high * 1.000001) ticks.push([value, short(value, 3)]);
      }
    }
    return ticks;
  }

  /** From the low end of the colours to the high one. */
  function span() {
    const { low, high, positive } = state.own ? frames[state.frame] : meta.range;
    if (state.log) {
      if (!(high > 0)) return [0.1, 1];
      const start = low > 0 ? low : Math.min(high, Math.max(positive || high, high * 1e-12));
      return start < high ? [start, high] : [high / 2, high * 2];
    }
    if (low === null) return [0, 1];
    if (low < high) return [low, high];
    const half = low ? Math.abs(low) / 2 : 0.5;
    return [low - half, low + half];
  }

  function fraction(value, [low, high]) {
    if (!state.log) return (value - low) / (high - low);
    return Math.log(value / low) / Math.log(high / low);
  }

  const ticksOf = ([low, high], count) => (state.log ? logTicks : linearTicks)(low, high, count);

  /** The values of the contour lines between the ends of the colours: those asked for, or round ones, and few. */
  function levels(ends) {
    if (Array.isArray(meta.contours)) {
      return meta.contours.filter((value) => value > ends[0] && value < ends[1]).map((value) => [value, String(value)]);
    }
    const most = meta.contours || 8;
    for (let count = most; count > 0; count--) {
      const inside = ticksOf(ends, count).filter(([value]) => value > ends[0] && value < ends[1]);
      if (inside.length <= most) return inside;
    }
    return [];
  }

  // Pictures.

  // The most letters of a title in the name of a saved picture.
  const LONGEST_NAME = 40;
  const colours = new Uint32Array(256);
  const GREY = 0xff999999;
  const WHITE = 0xffffffff;

  function colour(value, ends) {
    if (!Number.isFinite(value)) return GREY;
    if (state.log && value <= 0) return WHITE;
    return colours[Math.min(255, Math.max(0, Math.floor(fraction(value, ends) * 256)))];
  }

  function drawField(values, ends) {
    const canvas = element("field");
    canvas.width = columns;
    canvas.height = rows;
    // Every frame is computed here: a canvas in the processor's memory serves best.
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const image = context.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    const [low, high] = ends;
    const factor = 256 / (state.log ? Math.log(high / low) : high - low);
    for (let row = 0, at = 0; row < rows; row++) {
      let pixel = (rows - 1 - row) * columns;
      for (let column = 0; column < columns; column++, at++, pixel++) {
        const value = values[at];
        if (!Number.isFinite(value)) pixels[pixel] = GREY;
        else if (state.log && value <= 0) pixels[pixel] = WHITE;
        else {
          const level = (state.log ? Math.log(value / low) : value - low) * factor;
          pixels[pixel] = colours[level < 0 ? 0 : level > 255 ? 255 : level | 0];
        }
      }
    }
    context.putImageData(image, 0, 0);
  }

  /** Black or white, whichever is seen on the colour of a value. */
  function against(value, ends) {
    const pixel = colour(value, ends);
    const luminance = 0.2126 * (pixel & 255) + 0.7152 * ((pixel >> 8) & 255) + 0.0722 * ((pixel >> 16) & 255);
    return luminance > 115 ? "#000000" : "#ffffff";
  }

  /** Calls `line` with the pieces of the line of a level (marching squares), in cells from the lower left corner. */
  function trace(values, level, line) {
    for (let row = 1; row < rows; row++) {
      for (let column = 1; column < columns; column++) {
        const at = row * columns + column;
        // Around the square: bottom left, bottom right, top right, top left.
        const [a, b, c, d] = [values[at - columns - 1], values[at - columns], values[at], values[at - 1]];
        const kind = (a >= level) + 2 * (b >= level) + 4 * (c >= level) + 8 * (d >= level);
        if (kind === 0 || kind === 15) continue;
        const middle = a / 4 + b / 4 + c / 4 + d / 4;
        if (!Number.isFinite(middle)) continue;
        const above = [1, 2, 4, 8].map((corner) => (kind & corner) > 0);
        const share = (from, to) => (level / 2 - from / 2) / (to / 2 - from / 2);
        const sides = [[share(a, b), 0], [1, share(b, c)], [share(d, c), 1], [0, share(a, d)]];
        let crossed = [0, 1, 2, 3].filter((side) => above[side] !== above[(side + 1) % 4]);
        // A saddle: the lines cut off the corners that differ from the middle.
        if (crossed.length === 4) crossed = (middle >= level) === above[0] ? [0, 1, 2, 3] : [3, 0, 1, 2];
        for (let k = 0; k < crossed.length; k += 2) {
          const [[x0, y0], [x1, y1]] = [sides[crossed[k]], sides[crossed[k + 1]]];
          line(column - 0.5 + x0, row - 0.5 + y0, column - 0.5 + x1, row - 0.5 + y1);
        }
      }
    }
  }

  function drawContours(values, ends) {
    const canvas = element("lines");
    const [width, height] = [place.width, place.height].map((side) => Math.round(side * devicePixelRatio));
    Object.assign(canvas, { width, height });
    if (!state.contours) return;
    const context = canvas.getContext("2d");
    const right = (x) => share(meta.x, x, columns) * width;
    const up = (y) => height - share(meta.y, y, rows) * height;
    context.lineWidth = 1.25 * devicePixelRatio;
    for (const [level] of levels(ends)) {
      context.strokeStyle = against(level, ends);
      context.beginPath();
      trace(values, level, (x0, y0, x1, y1) => {
        context.moveTo(right(x0), up(y0));
        context.lineTo(right(x1), up(y1));
      });
      context.stroke();
    }
  }

  const place = { left: 0, top: 8, width: 0, height: 0 };
  const curve = { left: 0, width: 0 };

  /** The share of an axis before a place in cells. Cells at its ends may be cut in halves. */
  const share = (axis, place, count) => (place - axis.cut) / (count - 2 * axis.cut);

  function layout() {
    const figure = element("figure");
    const full = figure.clientWidth;
    const left = 76;
    const right = 110;
    let width = Math.max(40, full - left - right);
    let height = Math.max(width / 16, width / meta.aspect);
    const tallest = Math.max(240, innerHeight * (meta.tallest ?? 0.55));
    if (height > tallest) {
      height = tallest;
      width = Math.max(height / 16, height * meta.aspect);
    }
    Object.assign(place, { left: left + Math.max(0, (full - left - right - width) / 2), width, height });
    const tall = Math.max(height, 140);
    place.top = 26 + (tall - height) / 2;
    figure.style.height = tall + 26 + 52 + "px";
    const canvas = element("field");
    canvas.className = columns * 2 <= width * devicePixelRatio ? "coarse" : "";
    // What is cut of the outermost cells is not shown.
    const [across, down] = [width / (columns - 2 * meta.x.cut), height / (rows - 2 * meta.y.cut)];
    const [beside, above] = [meta.x.cut * across, meta.y.cut * down];
    set(canvas, place.left - beside, place.top - above, columns * across, rows * down);
    canvas.style.clipPath = `inset(${above}px ${beside}px)`;
    Object.assign(curve, { left, width: Math.max(40, full - left - right) });
    set(element("lines"), place.left, place.top, width, height);
    set(element("bar"), place.left + width + 22, 26, 18, tall);
    place.tall = tall;
    const axes = element("axes");
    axes.setAttribute("viewBox", `0 0 ${full} ${tall + 78}`);
    axes.style.width = full + "px";
    axes.style.height = tall + 78 + "px";
  }

  function set(canvas, left, top, width, height) {
    Object.assign(canvas.style, { left: left + "px", top: top + "px", width: width + "px", height: height + "px" });
  }

  function shape(parent, name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  }

  function axisTicks(axis, count) {
    const [low, high] = axis.start < axis.end ? [axis.start, axis.end] : [axis.end, axis.start];
    return linearTicks(low, high, count).filter(([value]) => !axis.whole || Number.isInteger(value));
  }

  const along = (axis, value) => (value - axis.start) / (axis.end - axis.start);

  function drawAxes(ends) {
    const axes = element("axes");
    axes.replaceChildren();
    const { left, top, width, height, tall } = place;
    const bottom = top + height;
    shape(axes, "rect", { class: "axis", x: left, y: top, width, height });
    for (const [value, label] of axisTicks(meta.x, Math.min(8, width / 70))) {
      const x = left + along(meta.x, value) * width;
      shape(axes, "path", { class: "axis", d: `M${x} ${bottom}v5` });
      shape(axes, "text", { x, y: bottom + 20, "text-anchor": "middle" }, label);
    }
    shape(axes, "text", { x: left + width / 2, y: bottom + 40, "text-anchor": "middle" }, meta.x.title);
    for (const [value, label] of axisTicks(meta.y, Math.min(8, height / 34))) {
      const y = bottom - along(meta.y, value) * height;
      shape(axes, "path", { class: "axis", d: `M${left} ${y}h-5` });
      shape(axes, "text", { x: left - 9, y: y + 4.5, "text-anchor": "end" }, label);
    }
    const name = { x: left - 58, y: top + height / 2, "text-anchor": "middle" };
    name.transform = `rotate(-90 ${name.x} ${name.y})`;
    shape(axes, "text", name, meta.y.title);
    const bar = left + width + 22;
    shape(axes, "rect", { class: "axis", x: bar, y: 26, width: 18, height: tall });
    shape(axes, "text", { x: bar, y: 10 }, meta.quantity);
    const found = state.own ? frames[state.frame] : meta.found;
    const arrow = (edge, tip, level) => {
      const fill = "#" + meta.colours.slice(6 * level, 6 * level + 6);
      shape(axes, "path", { class: "beyond", d: `M${bar} ${edge}l9 ${tip}l9 ${-tip}z`, fill });
    };
    if (found.high > ends[1]) arrow(26, -11, 255);
    if ((state.log ? found.positive : found.low) < ends[0]) arrow(26 + tall, 11, 0);
    const heightOf = (value) => 26 + tall - fraction(value, ends) * tall;
    const lines = state.contours ? levels(ends) : [];
    for (const [value] of lines) {
      shape(axes, "path", { class: "level", d: `M${bar} ${heightOf(value)}h18`, stroke: against(value, ends) });
    }
    // The bar is labelled at the lines, where there is room for all of them.
    const labelled = lines.length && lines.length <= tall / 18 ? lines : ticksOf(ends, Math.max(2, Math.min(9, tall / 36)));
    for (const [value, label] of labelled) {
      const y = heightOf(value);
      shape(axes, "path", { class: "axis", d: `M${bar + 18} ${y}h5` });
      shape(axes, "text", { x: bar + 27, y: y + 4.5 }, label);
    }
    const canvas = element("bar");
    canvas.width = 1;
    canvas.height = 256;
    const context = canvas.getContext("2d");
    const image = context.createImageData(1, 256);
    new Uint32Array(image.data.buffer).set(Uint32Array.from(colours).reverse());
    context.putImageData(image, 0, 0);
    const at = state.along === "x"
      ? `M${left} ${bottom - share(meta.y, state.row + 0.5, rows) * height}h${width}`
      : `M${left + share(meta.x, state.column + 0.5, columns) * width} ${top}v${height}`;
    shape(axes, "path", { class: "cross", d: at });
    if (reading === null) return;
    const [row, column] = read();
    const cx = left + share(meta.x, column + 0.5, columns) * width;
    shape(axes, "circle", { class: "ring", cx, cy: bottom - share(meta.y, row + 0.5, rows) * height, r: 5 });
  }

  /** Where a cell lies; what only rounding makes of 0 is 0. */
  function coordinate(axis, number, count) {
    const length = axis.end - axis.start;
    const value = axis.start + share(axis, number + 0.5, count) * length;
    return Math.abs(value) < 1e-12 * Math.abs(length) ? 0 : value;
  }

  /** The least and the largest of some values that are numbers. */
  function extremes(values) {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  }

  /** Moves both profiles from the middle to the largest value where the one that is shown first would be a flat line. */
  async function placeProfiles() {
    const values = await decoded(state.frame);
    const [low, high] = extremes(values);
    const [least, most] = extremes(values.subarray(state.row * columns, (state.row + 1) * columns));
    if (most - least > 0.01 * (high - low) || !(high > low)) return;
    const cell = values.indexOf(high);
    state.row = Math.floor(cell / columns);
    state.column = cell % columns;
  }

  /** The cell of the field that is read. */
  const read = () => (state.along === "x" ? [state.row, reading] : [reading, state.column]);


  function drawProfile(values, ends) {
    const svg = element("profile");
    svg.replaceChildren();
    const [full, tall, top, { left, width }] = [element("chart").clientWidth, 220, 12, curve];
    const height = tall - top - 48;
    element("chart").style.height = tall + "px";
    svg.setAttribute("viewBox", `0 0 ${full} ${tall}`);
    svg.style.width = full + "px";
    svg.style.height = tall + "px";
    const isX = state.along === "x";
    const axis = isX ? meta.x : meta.y;
    const count = isX ? columns : rows;
    const value = (k) => (isX ? values[state.row * columns + k] : values[k * columns + state.column]);
    shape(svg, "rect", { class: "axis", x: left, y: top, width, height });
    for (const [tick, label] of axisTicks(axis, Math.min(8, width / 70))) {
      const x = left + along(axis, tick) * width;
      shape(svg, "path", { class: "axis", d: `M${x} ${top + height}v5` });
      shape(svg, "text", { x, y: top + height + 20, "text-anchor": "middle" }, label);
    }
    shape(svg, "text", { x: left + width / 2, y: tall - 6, "text-anchor": "middle" }, axis.title);
    for (const [tick, label] of ticksOf(ends, 4)) {
      const y = top + height - fraction(tick, ends) * height;
      shape(svg, "path", { class: "axis", d: `M${left} ${y}h-5` });
      shape(svg, "text", { x: left - 9, y: y + 4.5, "text-anchor": "end" }, label);
    }
    const name = { x: left - 58, y: top + height / 2, "text-anchor": "middle" };
    name.transform = `rotate(-90 ${name.x} ${name.y})`;
    shape(svg, "text", name, meta.quantity);
    const xOf = (k) => left + share(axis, k + 0.5, count) * width;
    const yOf = (k) => {
      const share = fraction(value(k), ends);
      return Number.isFinite(share) ? top + height - Math.min(1.02, Math.max(-0.02, share)) * height : NaN;
    };
    let path = "";
    for (let k = 0, pen = "M"; k < count; k++) {
      const [x, y] = [xOf(k), yOf(k)];
      if (Number.isNaN(y)) {
        pen = "M";
        continue;
      }
      path += `${pen}${x.toFixed(2)} ${y.toFixed(2)}`;
      // A point alone would not be seen.
      if (pen === "M") path += "h0.01";
      pen = "L";
    }
    shape(svg, "path", { class: "curve", d: path });
    if (reading !== null) {
      shape(svg, "path", { class: "read", d: `M${xOf(reading)} ${top}v${height}` });
      if (!Number.isNaN(yOf(reading))) shape(svg, "circle", { class: "read", cx: xOf(reading), cy: yOf(reading), r: 5 });
    }
    Object.assign(svg.dataset, { low: ends[0], high: ends[1], top, height });
    const other = isX ? meta.y : meta.x;
    const at = isX ? coordinate(meta.y, state.row, rows) : coordinate(meta.x, state.column, columns);
    element("place").textContent = `at ${other.name} = ${short(at, 5)}`;
    element("chart").setAttribute("aria-label", `profile along ${axis.name} at ${other.name} = ${short(at, 5)}`);
  }

  // What is shown.

  let current = null;
  let pointer = null;
  let asked = 0;

  async function show() {
    const ticket = ++asked;
    const values = await decoded(state.frame);
    if (ticket !== asked) return;
    current = values;
    const ends = span();
    layout();
    drawField(values, ends);
    drawContours(values, ends);
    drawCurves();
    const { label } = frames[state.frame];
    element("time").textContent = label;
    element("frame").value = state.frame;
    element("frame").setAttribute("aria-valuetext", label);
    element("field").setAttribute("aria-label", `${meta.quantity || "values"}, ${label}, from ${short(ends[0], 4)} to ${short(ends[1], 4)}`);
    element("scale").value = state.log ? "log" : "linear";
    element("range").value = state.own ? "frame" : "all";
    element("contours").checked = state.contours;
    element("along").value = state.along;
    document.body.dataset.frame = state.frame;
    tellValue();
    if (state.frame < last) decoded(state.frame + 1);
  }

  /** What depends on the profile and what of it is read. */
  function drawCurves() {
    const ends = span();
    drawAxes(ends);
    drawProfile(current, ends);
    tell(element("reading"), reading === null ? null : read());
  }

  const tellValue = () => tell(element("value"), pointer && [pointer.row, pointer.column]);

  function tell(output, cell) {
    if (!cell || !current) {
      output.textContent = "";
      return;
    }
    const [row, column] = cell;
    const value = current[row * columns + column];
    const x = short(coordinate(meta.x, column, columns), 6);
    const y = short(coordinate(meta.y, row, rows), 6);
    output.textContent = `${meta.x.name} = ${x}, ${meta.y.name} = ${y}: ${short(value, 5)}`;
    output.dataset.value = value;
    output.dataset.row = row;
    output.dataset.column = column;
  }

  function under(event) {
    const box = element("field").getBoundingClientRect();
    const share = (at, from, length) => Math.min(0.999999, Math.max(0, (at - from) / length));
    return {
      row: rows - 1 - Math.floor(share(event.clientY, box.top, box.height) * rows),
      column: Math.floor(share(event.clientX, box.left, box.width) * columns),
    };
  }

  function go(number) {
    state.frame = Math.min(last, Math.max(0, number));
    show();
  }

  function play(on) {
    clearInterval(state.timer);
    state.timer = null;
    if (on && last > 0) {
      state.timer = setInterval(async () => {
        const next = state.frame < last ? state.frame + 1 : 0;
        await decoded(next);
        if (state.timer) go(next);
      }, 120);
    }
    element("play").textContent = state.timer ? "Pause" : "Play";
    element("play").setAttribute("aria-pressed", String(Boolean(state.timer)));
  }

  function move(step) {
    if (state.along === "x") state.row = Math.min(rows - 1, Math.max(0, state.row + step));
    else state.column = Math.min(columns - 1, Math.max(0, state.column + step));
    show();
  }

  /** Reads the profile at a cell, or, for null, no longer. */
  function readAt(cell) {
    reading = cell === null ? null : Math.min((state.along === "x" ? columns : rows) - 1, Math.max(0, cell));
    if (current) drawCurves();
  }

  /** Moves the reading, which begins where the two directions of the profile cross. */
  function readNext(step) {
    readAt(reading === null ? (state.along === "x" ? state.column : state.row) : reading + step);
  }

  /** Saves the map with its axes and its colours as a picture of its own. */
  async function save() {
    const { left, top, width, height, tall } = place;
    const [before, above, scale] = [left - 76, 34, Math.max(2, devicePixelRatio)];
    const [across, down] = [width + 186, tall + 78];
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [across * scale, (above + down) * scale];
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, across, above + down);
    context.translate(-before, above);
    context.imageSmoothingEnabled = element("field").className === "";
    const [cutX, cutY] = [meta.x.cut, meta.y.cut];
    context.drawImage(element("field"), cutX, cutY, columns - 2 * cutX, rows - 2 * cutY, left, top, width, height);
    context.drawImage(element("bar"), left + width + 22, 26, 18, tall);
    context.imageSmoothingEnabled = true;
    context.drawImage(element("lines"), left, top, width, height);
    const axes = element("axes").cloneNode(true);
    for (const mark of axes.querySelectorAll(".cross, .ring")) mark.remove();
    const full = element("figure").clientWidth;
    for (const [side, length] of [["width", full], ["height", down]]) axes.setAttribute(side, length);
    shape(axes, "style", {}, document.querySelector("style").textContent + "@media all { :root { --text: #1b1f24; } }");
    const image = new Image();
    image.src = "data:image/svg+xml," + encodeURIComponent(new XMLSerializer().serializeToString(axes));
    await image.decode();
    context.drawImage(image, 0, 0, full, down);
    Object.assign(context, { fillStyle: "#1b1f24", font: '600 17px system-ui, "DejaVu Sans", sans-serif', textAlign: "center" });
    context.fillText(frames[state.frame].label, left + width / 2, 0);
    const link = document.createElement("a");
    const name = meta.name ?? meta.title.slice(0, LONGEST_NAME);
    link.download = `${name} ${frames[state.frame].label}.png`.replace(/[^\w.=+-]+/g, "_");
    link.href = canvas.toDataURL("image/png");
    link.click();
    return link;
  }

  const keys = {
    ArrowLeft: () => go(state.frame - 1),
    ArrowRight: () => go(state.frame + 1),
    ArrowUp: () => move(1),
    ArrowDown: () => move(-1),
    ShiftArrowLeft: () => readNext(-1),
    ShiftArrowRight: () => readNext(1),
    Escape: () => readAt(null),
    Home: () => go(0),
    End: () => go(last),
    " ": () => play(!state.timer),
    l: () => change({ log: !state.log }),
    r: () => change({ own: !state.own }),
    c: () => change({ contours: !state.contours }),
    p: () => change({ along: state.along === "x" ? "y" : "x" }),
    s: save,
  };

  function change(what) {
    if (what.along && what.along !== state.along) reading = null;
    Object.assign(state, what);
    show();
  }

  /** Takes the description of some frames, whose values may be with it, in place of those before. */
  function take(description) {
    meta = description;
    ({ rows, columns, frames } = meta);
    last = frames.length - 1;
    most = Math.max(2, Math.floor(3e7 / (rows * columns)));
    cache.clear();
    for (let k = 0; k < 256; k++) {
      const rgb = parseInt(meta.colours.slice(6 * k, 6 * k + 6), 16);
      colours[k] = 0xff000000 | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >>> 16);
    }
    Object.assign(state, { frame: meta.open, log: meta.log, own: meta.own, contours: meta.contours !== 0, row: rows >> 1, column: columns >> 1 });
    reading = null;
    describe();
    return placeProfiles().then(show);
  }

  /** Adds a frame to those that are shown; `range` and `found` are those of all frames. Shows it, if the last one was shown. */
  function add(frame, range, found) {
    const follows = state.frame === last;
    frames.push(frame);
    Object.assign(meta, { range, found });
    last = frames.length - 1;
    describe();
    return follows ? go(last) : show();
  }

  function describe() {
    document.title = meta.title;
    element("title").textContent = meta.title;
    element("source").textContent = meta.source === meta.title ? "" : meta.source;
    element("notes").replaceChildren();
    for (const note of meta.notes) {
      const line = document.createElement("p");
      line.className = "note";
      line.textContent = note;
      element("notes").append(line);
    }
    const [x, y] = element("along").options;
    x.textContent = "along " + meta.x.name;
    y.textContent = "along " + meta.y.name;
    element("frame").max = last;
    // A single frame is no film.
    element("play").hidden = element("frame").hidden = last === 0;
  }

  function start() {
    element("frame").addEventListener("input", (event) => go(Number(event.target.value)));
    element("save").addEventListener("click", save);
    element("play").addEventListener("click", () => play(!state.timer));
    element("scale").addEventListener("change", (event) => change({ log: event.target.value === "log" }));
    element("range").addEventListener("change", (event) => change({ own: event.target.value === "frame" }));
    element("contours").addEventListener("change", (event) => change({ contours: event.target.checked }));
    element("along").addEventListener("change", (event) => change({ along: event.target.value }));
    const field = element("field");
    const pick = (event) => {
      pointer = under(event);
      if (event.buttons & 1) change(pointer);
      else tellValue();
    };
    field.addEventListener("pointermove", pick);
    field.addEventListener("pointerdown", (event) => {
      field.setPointerCapture(event.pointerId);
      pointer = under(event);
      change(pointer);
    });
    field.addEventListener("pointerleave", () => {
      pointer = null;
      tellValue();
    });
    const chart = element("chart");
    const follow = ({ clientX }) => {
      const part = (clientX - chart.getBoundingClientRect().left - curve.left) / curve.width;
      const [axis, count] = state.along === "x" ? [meta.x, columns] : [meta.y, rows];
      readAt(Math.floor(axis.cut + part * (count - 2 * axis.cut)));
    };
    chart.addEventListener("pointermove", follow);
    chart.addEventListener("pointerdown", follow);
    chart.addEventListener("pointerleave", () => readAt(null));
    addEventListener("keydown", (event) => {
      const { target, key } = event;
      if (event.ctrlKey || event.altKey || event.metaKey || !meta || target.tagName === "SELECT" || target.matches("textarea, .text")) return;
      if (key === " " && (target.tagName === "BUTTON" || target.type === "checkbox")) return;
      const act = keys[key.length === 1 ? key.toLowerCase() : (event.shiftKey ? "Shift" : "") + key];
      if (!act) return;
      event.preventDefault();
      act();
    });
    addEventListener("resize", () => meta && show());
    play(false);
  }

  start();
  const description = element("meta");
  // A page that computes its frames gives them itself.
  if (!description) window.viewer = { take, add, under, frame: () => state.frame, short, linearTicks, extremes, shape };
  else if (typeof DecompressionStream === "function") take(JSON.parse(description.textContent));
  else {
    element("title").textContent = document.title;
    document.querySelector("main").replaceChildren(element("title"), element("source"));
    element("source").textContent = "This browser has no DecompressionStream, by which this page unpacks its frames: one of 2023 or later shows them.";
  }
})();
