"use strict";
/** The page of a run: its table of models and the worst of them; it needs no chart and is there before the first one. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);

  function models() {
    const {models: columns} = data, all = columns.calls.reduce((sum, calls) => sum + calls, 0);
    const interval = columns.p99_low.map((low, i) => (format.missing(low) ? null : `${format.ms(low)} to ${format.ms(columns.p99_high[i])}`));
    const ms = (title, values, more) => ({title, unit: "ms", kind: "ms", values, ...more});
    const p99 = ms("p99", columns.p99, {under: interval, hint: "with its 95 % interval"}), narrow = innerWidth < 560;
    const shown = [
      {title: "model", kind: "name", values: columns.name},
      ...(narrow ? [p99] : []),  // what one looks for first, where two columns fit
      {title: "calls", kind: "count", values: columns.calls},
      {title: "share", unit: "%", kind: "percent", values: columns.calls.map(calls => (all ? calls / all : null))},
      {title: "failed", unit: "%", kind: "percent", values: columns.errors.map((errors, i) => (columns.calls[i] ? errors / columns.calls[i] : null))},
      ms("p50", columns.p50), ms("p90", columns.p90), ...(narrow ? [] : [p99]), ms("p99.9", columns.p99_9), ms("max", columns.max),
      ...(columns.corrected_p99 ? [ms("p99 corrected", columns.corrected_p99, {hint: "with the calls that waiting users would have made"})] : []),
      ms("service p50", columns.service_p50), ms("service p99", columns.service_p99),
      ...(columns.cold ? [{title: "cold?", unit: "calls", kind: "count", values: columns.cold}] : []),
      ...(columns.p99_line ? [{title: "p99 over time", unit: "its own log scale", kind: "spark", values: columns.p99_line}] : []),
      ...(columns.rate_line ? [{title: "calls over time", unit: "0 to its most", kind: "spark", values: columns.rate_line}] : []),
    ];
    const told = columns.p99.some(value => value !== null), by = told ? "p99" : columns.p90.some(value => value !== null) ? "p90" : "p50";
    return table(document.getElementById("model-table"), {
      caption: "Models", noun: columns.name.length === 1 ? "model" : "models", columns: shown,
      by: shown.findIndex(column => column.title === by),
    });
  }

  models();
  if (data.worst?.panels.length) sparks.panels(document.getElementById("worst"), data.worst);
})();
