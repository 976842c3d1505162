"use strict";
/**
 * Small pictures: a line in a row of a table, and one panel per model with a common scale.
 *
 *     sparks.line("AB-zz9")                    an <svg>: 64 levels, one sign each; "-" where there is nothing
 *     sparks.panels(element, Panels)           -> {update(data)}
 *
 * @typedef {{x: number[], width_s: number, tail: string,
 *            panels: {name: string, note: string, p50: (number | null)[], tail: (number | null)[]}[]}} Panels
 *     x: middle of each part, s; p50, tail: ms, null where there are too few calls; Panels.tail: which percentile that is
 */
const sparks = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  function make(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /** Points to a path with a gap wherever there is nothing; a point alone is a short stroke. */
  function path(points) {
    let text = "", drawing = false;
    points.forEach((point, i) => {
      if (!point) { drawing = false; return; }
      const [x, y] = point.map(value => value.toFixed(1));
      text += drawing ? `L${x} ${y}` : points[i + 1] ? `M${x} ${y}` : `M${x} ${y}h1.5`;
      drawing = true;
    });
    return text;
  }

  /** @param {string} levels */
  function line(levels) {
    const svg = make("svg", {class: "spark", viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true"});
    const step = 100 / Math.max(levels.length - 1, 1);
    const points = [...levels].map((sign, i) => (sign === "-" ? null : [i * step, 19 - 18 * SIGNS.indexOf(sign) / 63]));
    svg.append(make("path", {d: path(points)}));
    return svg;
  }

  const W = 280, H = 120, LEFT = 58, BOTTOM = 18, TOP = 6;

  /** @param {HTMLElement} element @param {Panels} data */
  function panels(element, data) {
    element.classList.add("multiples");
    const draw = now => element.replaceChildren(...now.panels.map(panel => figure(panel, now, scale(now))));
    draw(data);
    return {update: draw};
  }

  /** One logarithmic scale for all panels: whole and half powers of ten around all values, and some round numbers in it. */
  function scale(data) {
    const values = data.panels.flatMap(panel => [...panel.p50, ...panel.tail]).filter(value => value > 0);
    const low = Math.log10(Math.min(...values, 1e9)), high = Math.log10(Math.max(...values, 1e-9));
    const from = Math.floor(2 * low) / 2, to = Math.max(Math.ceil(2 * high) / 2, from + 0.5);
    const powers = Array.from({length: Math.floor(to) - Math.floor(from) + 1}, (_, i) => 10 ** (Math.floor(from) + i));
    const within = steps => powers.flatMap(power => steps.map(step => step * power)).filter(tick => tick >= 10 ** (from - 1e-9) && tick <= 10 ** (to + 1e-9));
    const ticks = within([1]).length > 1 ? within([1]) : within([1, 2, 5]);
    return {ticks, y: value => TOP + (H - TOP - BOTTOM) * (1 - (Math.log10(value) - from) / (to - from))};
  }

  function figure(panel, data, {ticks, y}) {
    const made = document.createElement("figure"), caption = document.createElement("figcaption"), note = document.createElement("span");
    caption.textContent = `${panel.name} `;
    caption.title = panel.name;
    note.textContent = panel.note;
    caption.append(note);
    const svg = make("svg", {viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${panel.name}: ${data.tail === "p50" ? "" : "p50 and "}${data.tail} over time. ${panel.note}`});
    const end = (data.x[data.x.length - 1] ?? 0) + data.width_s / 2, x = at => LEFT + (W - LEFT - 4) * (at / end);
    ticks.forEach((value, i) => tick(svg, y(value), `${roundly(value)}${i === ticks.length - 1 ? " ms" : ""}`));
    const [length, unit] = format.clock(end);
    svg.append(make("text", {x: LEFT, y: H - 4}, "0"), make("text", {x: W - 4, y: H - 4, "text-anchor": "end"}, `${format.number(end / length)} ${unit}`));
    for (const name of data.tail === "p50" ? ["p50"] : ["p50", "tail"]) {
      svg.append(make("path", {class: name, d: path(data.x.map((at, i) => (panel[name][i] > 0 ? [x(at), y(panel[name][i])] : null)))}));
    }
    made.append(caption, svg);
    return made;
  }

  const roundly = value => (value >= 1000 ? format.count(value) : String(Number(value.toPrecision(1))));

  function tick(svg, y, text) {
    svg.append(make("line", {class: "frame", x1: LEFT, x2: W - 4, y1: y, y2: y}), make("text", {x: LEFT - 4, y: y + 4, "text-anchor": "end"}, text));
  }

  return {line, panels};
})();
