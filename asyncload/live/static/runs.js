"use strict";
/** A table of runs; what the server has not read yet is asked for again until it has. */
(() => {
  const place = id => document.getElementById(id);
  const AGAIN_MS = 700;
  const STARTED = 4;
  let picked = [], shown = null, runs = [];

  function element(tag, text, name) {
    const one = document.createElement(tag);
    if (name) one.className = name;
    one.textContent = text;
    return one;
  }

  /** A run that has a page: one that can be read, and has been. */
  const readable = run => run.summary && run.summary.state !== "unreadable";

  function name(i) {
    const run = runs[i];
    if (!readable(run)) return element("span", run.folder);
    const link = element("a", run.folder);
    link.href = `/run/${run.id}`;
    return link;
  }

  function pick(i) {
    const run = runs[i];
    if (!readable(run)) return document.createTextNode("");
    const box = element("input", "");
    box.type = "checkbox";
    box.checked = picked.includes(run.id);
    box.setAttribute("aria-label", `Compare ${run.folder}`);
    box.addEventListener("change", () => {
      picked = picked.filter(id => id !== run.id);
      if (box.checked) picked.push(run.id);
      tell();
    });
    return box;
  }

  function state(i) {
    const {summary} = runs[i];
    if (!summary) return element("span", "reading …", "dim");
    if (summary.state === "unreadable") return element("span", `cannot be read: ${summary.why}`, "bad");
    if (summary.state === "under way") return element("span", "under way", "warn");
    const word = summary.valid ? "VALID" : "INVALID", said = [[word, word, summary.why]];
    if (summary.state === "cut") said.push(["cut", "warn"]);
    if (summary.stopped) said.push(["stopped by its rule", "warn", summary.stopped]);
    if (summary.interrupted) said.push(["interrupted", "warn"]);
    for (const answer of ["MISSED", "UNDECIDED"]) {
      const n = summary.answers.filter(one => one === answer).length;
      if (n) said.push([`${n} ${answer}`, answer]);
    }
    return listed(said);
  }

  /** Words behind each other, each with its comma and in one piece. @param {[string, string, string?][]} said */
  function listed(said) {
    const found = document.createDocumentFragment();
    said.forEach(([text, name, why], place) => {
      const one = element("span", text, name), whole = element("span", "", "whole"), last = place === said.length - 1;
      if (why) one.title = why;
      whole.append(one, last ? "" : ",");
      found.append(whole, last ? "" : " ");
    });
    return found;
  }

  /** A percentile of a run that was answered, and has too few calls to tell it, is none that nobody knows. */
  const told = key => i => {
    const {summary} = runs[i];
    return document.createTextNode(summary?.calls > summary?.errors && format.missing(summary[key]) ? "n/a" : format.ms(summary?.[key]));
  };

  const started = ms => (format.missing(ms) ? null : new Date(ms).toISOString().slice(0, 19).replace("T", " "));
  const words = summary => (!summary ? "" : summary.state === "done" || summary.state === "cut" ? (summary.valid ? "VALID" : "INVALID") : summary.state);

  function columns() {
    const of = key => runs.map(run => run.summary?.[key] ?? null);
    const share = runs.map(({summary}) => (summary?.calls ? summary.errors / summary.calls : null));
    const time = of("started_unix_ms");
    return [
      {title: "run", kind: "name", values: runs.map(run => run.folder), cell: name},
      {title: "compare", kind: "spark", values: [], cell: pick},
      {title: "verdict", kind: "text", values: runs.map(run => words(run.summary)), cell: state},
      {title: "scenario", kind: "text", values: of("name")},
      {title: "started", unit: "UTC", kind: "text", values: time.map(started), sort: time},
      {title: "length", unit: "s", kind: "number", values: of("length_s")},
      {title: "models", kind: "count", values: of("models")},
      {title: "calls", kind: "count", values: of("calls")},
      {title: "asked", unit: "1/s", kind: "number", values: of("asked_per_s")},
      {title: "achieved", unit: "1/s", kind: "number", values: of("achieved_per_s")},
      {title: "failed", unit: "%", kind: "percent", values: share},
      {title: "p50", unit: "ms", kind: "ms", values: of("p50_ms"), cell: told("p50_ms")},
      {title: "p99", unit: "ms", kind: "ms", values: of("p99_ms"), cell: told("p99_ms")},
    ];
  }

  function tell() {
    const folders = picked.map(id => runs.find(run => run.id === id)?.folder).filter(Boolean);
    place("picked").textContent = picking(folders);
    place("compare").disabled = folders.length !== 2;
  }

  /** @param {string[]} folders */
  function picking(folders) {
    if (folders.length > 2) return `${folders.length} are picked: pick two`;
    return ["none is picked: pick two", `${folders[0]}: pick another one`, folders.join(" against ")][folders.length];
  }

  async function look() {
    const answer = await fetch("/runs").catch(() => null), trouble = place("trouble");
    trouble.hidden = answer?.ok ?? false;
    if (!answer?.ok) {
      trouble.textContent = answer ? await answer.text() : "The server has gone.";
      return;
    }
    const told = await answer.json();
    ({runs} = told);
    place("root").textContent = told.root;
    picked = picked.filter(id => runs.some(run => run.id === id));
    const data = {caption: "Runs", noun: runs.length === 1 ? "run" : "runs", by: STARTED, columns: columns()};
    if (shown) shown.update(data); else shown = table(place("runs"), data);
    tell();
    if (runs.some(run => !run.summary)) setTimeout(look, AGAIN_MS);
  }

  place("compare").addEventListener("click", () => { location.href = `/compare/${picked.join("/")}`; });
  look();
})();
