"use strict";
/** The page of a run: what its data are drawn as. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const place = id => document.getElementById(id);
  const {course, spans} = data;

  const outcomes = {
    THROTTLED: "orange", NOT_READY: "sky", MODEL_ERROR: "pink", SERVER_ERROR: "blue", CLIENT_ERROR: "amber", AUTH: "straw",
    CONNECT: "green", TIMEOUT: "ink", PROTOCOL: "soft", DROPPED: "bad", ABANDONED: "dim",
  };

  function percentiles(durations) {
    return [
      {name: "max", tone: "soft", y: durations.max, width: 1, dash: "dot"},
      {name: "p99", tone: "orange", y: durations.p99, width: 2},
      {name: "p90", tone: "green", y: durations.p90, width: 1.5, dash: "dash"},
      {name: "p50", tone: "blue", y: durations.p50, width: 2},
    ];
  }

  /** Whether a linear axis would hide most of it. */
  function wide(lines) {
    const known = lines.flatMap(line => line.y).filter(value => value > 0);
    return known.length > 0 && Math.max(...known) > 20 * Math.min(...known);
  }

  function overTime() {
    const lateness = percentiles(course.lateness).filter(line => line.name !== "p90");
    charts.lines(place("lateness-chart"), {
      x: course.x, y: "lateness, ms", lines: lateness, spans, log: wide(lateness),
      limit: {value: data.limit_ms, name: `limit of p99: ${format.ms(data.limit_ms)} ms`},
    });
    const response = percentiles(course.response);
    charts.lines(place("percentiles-chart"), {x: course.x, y: "response, ms", lines: response, spans, log: wide(response)});
    if (data.heat) charts.heat(place("heat-chart"), {...data.heat, title: "response, ms", spans});
    const errors = Object.entries(course.errors).map(([name, y]) => ({name, y, tone: outcomes[name] ?? "ink"}));
    if (errors.length) charts.bars(place("errors-chart"), {x: course.x, y: "errors, 1/s", lines: errors, spans});
    charts.lines(place("rate-chart"), {
      x: course.x, y: "calls, 1/s", spans,
      lines: data.closed ? [{name: "achieved", tone: "blue", y: course.sent_per_s}] : [
        {name: "asked", tone: "orange", y: course.planned_per_s, width: 3.5},
        {name: "achieved", tone: "blue", y: course.sent_per_s, width: 1.75},
      ],
    });
    charts.lines(place("flight-chart"), {
      x: course.x, y: "calls", spans, lines: [{name: "in flight", tone: "blue", y: course.in_flight, step: true}],
    });
  }

  function models() {
    const {models: columns} = data, all = columns.calls.reduce((sum, calls) => sum + calls, 0);
    const interval = columns.p99_low.map((low, i) => (format.missing(low) ? null : `${format.ms(low)} to ${format.ms(columns.p99_high[i])}`));
    const ms = (title, values, more) => ({title, unit: "ms", kind: "ms", values, ...more});
    return table(place("model-table"), {
      caption: "Models", noun: columns.name.length === 1 ? "model" : "models", by: 6, columns: [
        {title: "model", kind: "name", values: columns.name},
        {title: "calls", kind: "count", values: columns.calls},
        {title: "share", unit: "%", kind: "percent", values: columns.calls.map(calls => (all ? calls / all : null))},
        {title: "failed", unit: "%", kind: "percent", values: columns.errors.map((errors, i) => (columns.calls[i] ? errors / columns.calls[i] : null))},
        ms("p50", columns.p50), ms("p90", columns.p90),
        ms("p99", columns.p99, {under: interval, hint: "with its 95 % interval"}),
        ms("p99.9", columns.p99_9), ms("max", columns.max),
        ...(columns.corrected_p99 ? [ms("p99 corrected", columns.corrected_p99, {hint: "with the calls that waiting users would have made"})] : []),
        ms("service p50", columns.service_p50), ms("service p99", columns.service_p99),
        ...(columns.cold ? [{title: "cold?", unit: "calls", kind: "count", values: columns.cold}] : []),
        ...(columns.p99_line ? [{title: "p99 over time", unit: "its own log scale", kind: "spark", values: columns.p99_line}] : []),
        ...(columns.rate_line ? [{title: "calls over time", unit: "0 to its most", kind: "spark", values: columns.rate_line}] : []),
      ],
    });
  }

  if (course) overTime();
  if (data.latency.length) charts.latency(place("latency-chart"), {curves: data.latency, y: "latency, ms"});
  if (data.cold.length) charts.latency(place("cold-chart"), {curves: data.cold, y: "service, ms"});
  models();
  if (data.worst?.panels.length) sparks.panels(place("worst"), data.worst);
})();
