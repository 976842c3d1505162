"use strict";
/**
 * The rows of a run's course, as the server tells them, and what the charts are given of them.
 *
 * @typedef {{at: number, seconds: number, planned: number, sent: number, sending_s: number, asked_per_s: number | null, users: number,
 *            in_flight: number, warmup: boolean, response: (number | null)[], lateness: (number | null)[],
 *            errors: Record<string, number>, heat: number[]}} Row
 *     sending_s: how much of its seconds calls were sent in; response, lateness: p50, p90, p99 and max in ms, null where the row has too few calls to tell it; heat: pairs of a bin and its calls
 */
const rows = (() => {
  const BINS_PER_DECADE = 24;
  const COLUMNS = 240;
  const LEAST_SENDING = 0.25;
  const TONES = {
    THROTTLED: "orange", NOT_READY: "sky", MODEL_ERROR: "pink", SERVER_ERROR: "blue", CLIENT_ERROR: "amber", AUTH: "straw",
    CONNECT: "green", TIMEOUT: "ink", PROTOCOL: "soft", DROPPED: "bad", ABANDONED: "dim",
  };

  const column = (list, name, place) => list.map(row => (place === undefined ? row[name] : row[name][place]));

  /** @param {Row[]} list @returns {[number, number][]} */
  function warmup(list) {
    const spans = [];
    for (const row of list) {
      if (!row.warmup) continue;
      const last = spans[spans.length - 1], end = row.at + row.seconds;
      if (last && row.at <= last[1]) last[1] = end; else spans.push([row.at, end]);
    }
    return spans;
  }

  const spread = values => {
    const known = values.filter(value => value > 0);
    return known.length > 0 && Math.max(...known) > 20 * Math.min(...known);
  };

  /** @param {Row[]} list @param {"response" | "lateness"} name */
  function percentiles(list, name) {
    const lines = [
      {name: "max", tone: "soft", y: column(list, name, 3), width: 1, dash: "dot"},
      {name: "p99", tone: "orange", y: column(list, name, 2), width: 2},
      ...(name === "response" ? [{name: "p90", tone: "green", y: column(list, name, 1), width: 1.5, dash: "dash"}] : []),
      {name: "p50", tone: "blue", y: column(list, name, 0), width: 2},
    ];
    return {x: column(list, "at"), y: `${name}, ms`, lines, spans: warmup(list), log: spread(lines.flatMap(line => line.y))};
  }

  /**
   * Which percentiles are not drawn, for no row can tell them; empty if all are.
   *
   * @param {Row[]} list @param {"response" | "lateness"} name @param {Record<string, number>} needed calls, by percentile
   * @param {number} width of a row, in seconds @returns {string}
   */
  function untold(list, name, needed, width) {
    if (list.every(row => format.missing(row[name][3]))) return "";
    const lacking = Object.keys(needed).filter((key, place) => list.every(row => format.missing(row[name][place])));
    const shown = lacking.filter(key => name === "response" || key !== "p90");
    return shown.length ? `For want of calls: ${shown.map(key => `no ${key}, which takes ${needed[key]} in ${width} s`).join("; ")}.` : "";
  }

  /**
   * Of the time in which calls were sent: behind a stop nothing is asked, and of too small a part there is no rate.
   *
   * @param {Row[]} list @param {boolean} closed
   */
  function rate(list, closed) {
    const during = of => list.map(row => (row.sending_s < LEAST_SENDING ? null : of(row)));
    const achieved = {name: "achieved", tone: "blue", y: during(row => row.sent / row.sending_s), width: 1.75};
    const asked = {name: "asked", tone: "orange", y: during(row => row.asked_per_s), width: 3.5};
    const users = {name: "users", tone: "green", y: column(list, "users"), dash: "dash"};
    return {x: column(list, "at"), y: closed ? "calls, 1/s; users" : "calls, 1/s", lines: closed ? [achieved, users] : [asked, achieved], spans: warmup(list)};
  }

  /** @param {Row[]} list */
  const inFlight = list => ({
    x: column(list, "at"), y: "calls", lines: [{name: "in flight", tone: "blue", y: column(list, "in_flight"), step: true}], spans: warmup(list),
  });

  /** @param {Row[]} list */
  function errors(list) {
    const kinds = Object.keys(TONES).filter(kind => list.some(row => row.errors[kind]));
    const lines = kinds.map(name => ({name, tone: TONES[name], y: list.map(row => (row.errors[name] ?? 0) / row.seconds)}));
    return {x: column(list, "at"), y: "errors, 1/s", lines, spans: warmup(list)};
  }

  /** @param {Row[]} list @param {number} width in seconds; null if nothing was answered */
  function heat(list, width) {
    const bins = list.flatMap(row => row.heat.filter((_, i) => i % 2 === 0));
    if (!bins.length) return null;
    const low = bins.reduce((a, b) => Math.min(a, b)), high = bins.reduce((a, b) => Math.max(a, b));
    const first = list[0].at, last = list[list.length - 1].at, step = width * Math.ceil((last - first + width) / width / COLUMNS);
    const columns = Math.floor((last - first) / step) + 1;
    const counts = Array.from({length: high - low + 1}, () => new Array(columns).fill(0));
    for (const row of list) {
      const place = Math.floor((row.at - first) / step);
      for (let i = 0; i < row.heat.length; i += 2) counts[row.heat[i] - low][place] += row.heat[i + 1];
    }
    const edge = (_, i) => 10 ** ((low + i) / BINS_PER_DECADE) / 1000;
    return {
      x: Array.from({length: columns + 1}, (_, i) => first + i * step), y: Array.from({length: high - low + 2}, edge), counts,
      title: "response, ms", spans: warmup(list),
    };
  }

  return {percentiles, untold, rate, inFlight, errors, heat};
})();
