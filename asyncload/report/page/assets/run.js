"use strict";
/** The page of a run: its charts. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const place = id => document.getElementById(id);
  const {course, spans} = data;

  const outcomes = {
    THROTTLED: "orange", NOT_READY: "sky", MODEL_ERROR: "pink", SERVER_ERROR: "blue", CLIENT_ERROR: "amber", AUTH: "straw",
    CONNECT: "green", TIMEOUT: "ink", PROTOCOL: "soft", DROPPED: "bad", ABANDONED: "dim",
  };

  /** A percentile of several parts together holds for all of them; one that no part can tell has no line. */
  function percentiles(durations) {
    const line = (name, look) => ({name, y: durations[name], step: durations.told_s[name] > course.width_s, ...look});
    return [
      {name: "max", tone: "soft", y: durations.max, width: 1, dash: "dot"},
      line("p99", {tone: "orange", width: 2}),
      line("p90", {tone: "green", width: 1.5, dash: "dash"}),
      line("p50", {tone: "blue", width: 2}),
    ].filter(({name, y}) => name === "max" || y.some(value => !format.missing(value)));
  }

  /** Whether a linear axis would hide most of it. */
  function wide(lines) {
    const known = lines.flatMap(line => line.y).filter(value => value > 0);
    return known.length > 0 && Math.max(...known) > 20 * Math.min(...known);
  }

  function overTime() {
    const lateness = percentiles(course.lateness).filter(line => line.name !== "p90");
    charts.lines(place("lateness-chart"), {
      x: course.x, y: "lateness, ms", lines: lateness, spans, log: wide([...lateness, {y: [data.limit_ms]}]),
      limit: {value: data.limit_ms, name: `limit of p99: ${format.ms(data.limit_ms)} ms`},
    });
    const response = percentiles(course.response);
    if (place("percentiles-chart")) charts.lines(place("percentiles-chart"), {x: course.x, y: "response, ms", lines: response, spans, log: wide(response)});
    if (data.heat) charts.heat(place("heat-chart"), {...data.heat, title: "response, ms", spans});
    const errors = Object.entries(course.errors).map(([name, y]) => ({name, y, tone: outcomes[name] ?? "ink"}));
    if (errors.length) charts.bars(place("errors-chart"), {x: course.x, y: "errors, 1/s", lines: errors, spans});
    charts.lines(place("rate-chart"), {
      x: course.x, y: "calls, 1/s", spans,
      lines: data.closed ? [{name: "achieved", tone: "blue", y: course.sent_per_s}] : [
        {name: "asked", tone: "orange", y: course.planned_per_s, width: 5},
        {name: "achieved", tone: "blue", y: course.sent_per_s, width: 1.5},
      ],
    });
    charts.lines(place("flight-chart"), {
      x: course.x, y: "calls", spans, lines: [{name: "in flight", tone: "blue", y: course.in_flight, step: true}],
    });
  }

  if (course) overTime();
  if (data.latency.length) charts.latency(place("latency-chart"), {curves: data.latency, y: "latency, ms"});
  if (data.cold.length) charts.latency(place("cold-chart"), {curves: data.cold, y: "service, ms"});
})();
