"use strict";
/** The page of a run: its table of models and the worst of them; it needs no chart and is there before the first one. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);

  function models() {
    const {models: columns} = data, all = columns.calls.reduce((sum, calls) => sum + calls, 0);
    const interval = ({low, high}) => low.map((end, i) => (format.missing(end) ? null : `${format.ms(end)} to ${format.ms(high[i])}`));
    const percentile = (title, column, hint = "with its 95 % interval") => ({title, unit: "ms", kind: "ms", values: column.value, under: interval(column), hint});
    const told = ["p50", "p90", "p99"].map(name => percentile(name, columns[name])), narrow = innerWidth < 560;
    const first = told.filter(({title}) => narrow && title === columns.by);  // what one looks for first, where two columns fit
    const shown = [
      {title: "model", kind: "name", values: columns.name},
      ...first,
      {title: "calls", kind: "count", values: columns.calls},
      {title: "share", unit: "%", kind: "percent", values: columns.calls.map(calls => (all ? calls / all : null))},
      {title: "failed", unit: "%", kind: "percent", values: columns.errors.map((errors, i) => (columns.calls[i] ? errors / columns.calls[i] : null))},
      ...told.filter(column => !first.includes(column)), percentile("p99.9", columns.p99_9),
      {title: "max", unit: "ms", kind: "ms", values: columns.max},
      ...(columns.corrected_p99 ? [percentile("p99 corrected", columns.corrected_p99, "with the calls that waiting users would have made")] : []),
      percentile("service p50", columns.service_p50), percentile("service p99", columns.service_p99),
      ...(columns.cold ? [{title: "cold?", unit: "calls", kind: "count", values: columns.cold}] : []),
      ...(columns.tail_line ? [{title: `${columns.tail} over time`, unit: "its own log scale", kind: "spark", values: columns.tail_line}] : []),
      ...(columns.rate_line ? [{title: "calls over time", unit: "0 to its most", kind: "spark", values: columns.rate_line}] : []),
    ];
    return table(document.getElementById("model-table"), {
      caption: "Models", noun: columns.name.length === 1 ? "model" : "models", columns: shown,
      by: shown.findIndex(column => column.title === columns.by),
    });
  }

  models();
  if (data.worst?.panels.length) sparks.panels(document.getElementById("worst"), data.worst);
})();
