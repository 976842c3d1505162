"use strict";
/** The page of a crosscheck: both sides' curves over each other, their single runs behind them. */
(() => {
  const kinds = {
    "asyncload": {tone: "blue", dash: "solid"},
    "Locust": {tone: "orange", dash: "dash"},
    "asyncload, callers on schedule": {tone: "green", dash: "dot"},
  };
  const curves = JSON.parse(document.getElementById("data").textContent);
  if (!curves.length) return;
  charts.latency(document.getElementById("curves"), {
    y: "latency, ms", curves: curves.map(curve => ({...curve, ...kinds[curve.name], faint: curve.single})),
  });
})();
