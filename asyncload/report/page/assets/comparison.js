"use strict";
/** The page of a comparison: sources over each other. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const place = id => document.getElementById(id);

  function overTime() {
    const longest = data.time.reduce((best, one) => (one.course.x.length > best.length ? one.course.x : best), []);
    const lines = pick => data.time.map(one => ({name: one.label, tone: one.tone, dash: one.dash, y: pick(one.course)}));
    const wide = drawn => {
      const known = drawn.flatMap(line => line.y).filter(value => value > 0);
      return known.length > 0 && Math.max(...known) > 20 * Math.min(...known);
    };
    const draw = (id, y, pick, name) => {
      const drawn = lines(pick).map((line, i) => ({...line, step: data.time[i].course.response.told_s[name] > data.time[i].course.width_s}));
      charts.lines(place(id), {x: longest, y, lines: drawn, log: y.endsWith("ms") && wide(drawn)});
    };
    const errors = course => course.x.map((_, i) => Object.values(course.errors).reduce((sum, row) => sum + row[i], 0));
    draw("p50-chart", "response p50, ms", course => course.response.p50, "p50");
    draw("p99-chart", "response p99, ms", course => course.response.p99, "p99");
    draw("rate-chart", "calls, 1/s", course => course.sent_per_s);
    draw("errors-chart", "errors, 1/s", errors);
  }

  if (data.intervals.length) charts.intervals(place("interval-chart"), {rows: data.intervals, x: "difference of B from A, %"});
  data.views.forEach(([, curves], i) => {
    if (curves.length) charts.latency(place(`latency-${i}`), {curves, y: "latency, ms"});
  });
  if (data.time.length) overTime();
  const shown = place("model-table");
  if (shown) table(shown, {caption: "Models of several sources", columns: data.columns, by: data.by});
})();
