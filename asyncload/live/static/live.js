"use strict";
/**
 * The page of a run that is under way: takes what the server tells, and draws what is in sight.
 *
 * A chart that nobody sees is not drawn, nor is anything while the page is hidden: drawing takes time from a core that
 * the run may need.
 */
(() => {
  const place = id => document.getElementById(id);
  const HEAT_EVERY = 5;
  let list = [], run = null, now = {begun: false}, width = 1, ended = false, updates = 0;

  // -- charts --------------------------------------------------------------------------------------------------------

  /** Charts by the id of their element: when it is made, what of, and whether its data are news. */
  const made = new Map(), stale = new Set(), visible = new Set();
  const plans = {
    "lateness-chart": [charts.lines, () => rows.percentiles(list, "lateness")],
    "latency-chart": [charts.latency, () => (now.curves?.length ? {curves: now.curves, y: "latency, ms"} : null)],
    "percentiles-chart": [charts.lines, () => rows.percentiles(list, "response")],
    "heat-chart": [charts.heat, () => rows.heat(list, width)],
    "errors-chart": [charts.bars, () => { const data = rows.errors(list); return data.lines.length ? data : null; }],
    "rate-chart": [charts.lines, () => rows.rate(list, now.closed)],
    "flight-chart": [charts.lines, () => rows.inFlight(list)],
    "model-table": [table, models],
  };

  const seen = new IntersectionObserver(entries => {
    for (const {target, isIntersecting} of entries) {
      if (isIntersecting) visible.add(target.id); else visible.delete(target.id);
    }
    draw();
  }, {rootMargin: "200px 0px"});
  for (const id of Object.keys(plans)) seen.observe(place(id));
  document.addEventListener("visibilitychange", draw);

  /** Draw what is in sight and has news. */
  function draw() {
    if (document.hidden || !list.length) return;
    for (const id of [...stale]) {
      if (!visible.has(id)) continue;
      const [make, data] = plans[id], fresh = data();
      stale.delete(id);
      if (!fresh) continue;
      if (made.has(id)) made.get(id).update(fresh); else made.set(id, make(place(id), fresh));
    }
  }

  function news() {
    const slow = updates % HEAT_EVERY !== 1 && !ended;
    for (const id of Object.keys(plans)) if (!(slow && id === "heat-chart" && made.has(id))) stale.add(id);
    draw();
  }

  // -- words and numbers ---------------------------------------------------------------------------------------------

  function models() {
    const {calls, errors, p50, p99} = now.models, all = calls.reduce((sum, n) => sum + n, 0);
    const ms = (title, values) => ({title, unit: "ms", kind: "ms", values});
    return {
      caption: ended ? "Models" : "Models so far", noun: calls.length === 1 ? "model" : "models", by: 1, columns: [
        {title: "model", kind: "name", values: run.names},
        {title: "calls", kind: "count", values: calls},
        {title: "share", unit: "%", kind: "percent", values: calls.map(n => (all ? n / all : null))},
        {title: "failed", unit: "%", kind: "percent", values: errors.map((n, i) => (calls[i] ? n / calls[i] : null))},
        ms("p50", p50), ms("p99", p99),
      ],
    };
  }

  function element(tag, text, name) {
    const one = document.createElement(tag);
    if (name) one.className = name;
    one.textContent = text;
    return one;
  }

  function tile([label, value, unit, under]) {
    const box = element("div", "", "tile"), shown = element("dd", value);
    if (unit) shown.append(" ", element("small", unit));
    if (under) shown.append(element("div", under, "under"));
    box.append(element("dt", label), shown);
    return box;
  }

  function percentile(name, {ms, low, high, needed, independent}) {
    if (ms === null) return [name, "n/a", "", `needs ${format.count(needed)} independent calls, has ${format.count(independent)}`];
    return [name, format.ms(ms), "ms", `${format.ms(low)} to ${format.ms(high)}`];
  }

  function tiles() {
    const {response, lateness, generator, errors, calls} = now, failed = calls - now.ok;
    const kinds = Object.entries(errors).map(([kind, n]) => `${kind} ${format.count(n)}`).join(", ");
    return [
      ["calls ended", format.count(calls), "", now.warmup ? "warm-up is not counted" : ""],
      now.closed ? ["users", format.count(now.users), "", ""] : ["asked", format.number(now.asked_per_s), "/s", ""],
      ["achieved", format.number(now.achieved_per_s), "/s", ""],
      ["failed", format.percent(calls ? failed / calls : null), "%", kinds],
      percentile("p50", response.p50), percentile("p90", response.p90), percentile("p99", response.p99), percentile("p99.9", response.p99_9),
      ["in flight", format.count(now.in_flight), "", `at most ${format.count(generator.peak_in_flight)}`],
      [...percentile("lateness p99", lateness.p99).slice(0, 3), `at most ${format.ms(generator.latest_ms)} ms`],
    ].map(tile);
  }

  function verdict(found) {
    const word = place("word");
    word.className = found ? (found.valid ? "VALID" : "INVALID") : "dim";
    word.textContent = found ? (found.valid ? "VALID" : "INVALID") + (ended ? "" : " so far") : now.begun ? "Nothing measured yet" : "Preparing";
    const said = found ? [...found.reasons.map(text => ["reason", "Reason: ", text]), ...found.warnings.map(text => ["warning", "Warning: ", text])] : [];
    if (now.lost) said.push(["warning", "Warning: ", `this page missed ${now.lost} s of the run, for its process was given no time; the report will have them`]);
    place("said").replaceChildren(...said.map(([name, label, text]) => {
      const line = element("li", "", name);
      line.append(element("strong", label), text);
      return line;
    }));
  }

  /** @param {{text: string, answer: string, why: string}[]} found */
  function objectives(found) {
    place("objectives").hidden = !found.length;
    place("objectives").querySelector("ul").replaceChildren(...found.map(({text, answer, why}) => {
      const line = element("li", ""), word = element("strong", answer, answer);
      line.append(word, " ", element("code", text), " ", element("span", why, "dim"));
      return line;
    }));
  }

  function duration(seconds) {
    const whole = Math.max(Math.round(seconds), 0), h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, s = whole % 60;
    return h ? `${h}h ${m}m` : m ? `${m}m ${s}s` : `${s}s`;
  }

  function clock() {
    const share = Math.min(now.elapsed_s / now.length_s, 1), bar = place("progress");
    bar.firstElementChild.style.width = `${100 * share}%`;
    bar.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    bar.classList.toggle("warmup", now.warmup);
    const started = new Date(now.started_unix_ms).toLocaleString(), state = ended ? "" : !now.sending ? " · waiting for replies" : now.warmup ? " · warm-up" : "";
    const left = ended ? "" : ` · ${duration(now.length_s - now.elapsed_s)} left`;
    place("clock").textContent = `Started ${started} · ${duration(now.elapsed_s)} of ${duration(now.length_s)}${left}${state}`;
  }

  function readings() {
    const {generator: g, lateness} = now, told = ({ms}) => (ms === null ? "n/a" : `${format.ms(ms)} ms`), shown = [
      ["lateness", `p50 ${told(lateness.p50)} · p99 ${told(lateness.p99)} · most ${format.ms(g.latest_ms)} ms`],
      ["CPU", `${format.number(100 * g.cpu_share)} % of a core`],
      ["stalls", `${format.count(g.stalls)} over 10 ms, the longest ${format.ms(g.longest_stall_ms)} ms`],
      ["dropped", format.count(g.dropped)], ["connections", `${format.count(g.connects)} opened`],
    ];
    place("readings").replaceChildren(...shown.flatMap(([label, text]) => [element("dt", label), element("dd", text)]));
  }

  function tell() {
    verdict(now.verdict);
    if (!now.begun) return;
    clock();
    objectives(now.objectives);
    place("tiles").replaceChildren(...tiles());
    readings();
    for (const name of ["response", "lateness"]) place(`${name}-want`).textContent = rows.untold(list, name, run.needed, width);
    const some = Object.keys(now.errors).length > 0;
    place("errors-chart").hidden = !list.some(row => Object.keys(row.errors).length);
    place("no-errors").hidden = some;
    place("rate-title").textContent = now.closed ? "Achieved rate" : "Asked and achieved rate";
    document.title = `${ended ? "" : `${Math.floor(100 * Math.min(now.elapsed_s / now.length_s, 1))} % · `}${run.name} · asyncload`;
  }

  // -- the server ----------------------------------------------------------------------------------------------------

  const source = new EventSource("/events");
  source.addEventListener("state", event => { ({run} = JSON.parse(event.data)); begin(); take(event); });
  source.addEventListener("update", take);
  source.addEventListener("end", event => finish(JSON.parse(event.data)));
  source.addEventListener("open", () => link("live", "on"));
  source.addEventListener("error", () => { if (!ended) link(source.readyState === EventSource.CLOSED ? "gone" : "connection lost", "off"); });

  function link(text, name) {
    place("link").textContent = text;
    place("link").className = `state ${name}`;
  }

  function begin() {
    place("name").textContent = run.name;
    place("stop").hidden = !run.control;
  }

  function take(event) {
    const told = JSON.parse(event.data);
    list = [...list.slice(0, told.from), ...told.rows];
    ({now, width_s: width} = told);
    updates += 1;
    if (now.stopping) stopping();
    tell();
    news();
  }

  /** What the button does from now on: each page is told that the run is being stopped, whoever asked for it. */
  function stopping() {
    const button = place("stop");
    if (button.textContent === "Stop at once") return;
    button.textContent = "Stop at once";
    button.title = "Do not wait for replies";
    button.disabled = false;
  }

  /** The server leaves when this page has what it needs: so the report is fetched before the connection is closed. */
  async function finish(end) {
    ended = true;
    link("ended", "");
    place("stop").hidden = true;
    for (const words of document.querySelectorAll(".so-far")) words.hidden = true;
    const box = place("end");
    box.hidden = false;
    box.replaceChildren(element("strong", end.failed ? `The run ended without a result: ${end.failed}` : "The run has ended."));
    if (end.directory) box.append(" Everything is in ", element("code", end.directory), ".");
    tell();
    if (!end.failed) { verdict(end); objectives(end.objectives); }
    if (end.stopped) box.append(` A stop rule ended it: ${end.stopped}.`);
    news();
    if (end.report) await offer(end.report, box);
    source.close();
  }

  /** The report as a file to save, for the server that has it is about to leave. */
  async function offer(path, box) {
    box.append(" The report is ", element("code", path));
    try {
      const answer = await fetch("/report");
      if (!answer.ok) throw new Error(String(answer.status));
      const link = element("a", "save the report");
      link.href = URL.createObjectURL(await answer.blob());
      link.download = `${run.name}-report.html`;
      box.append("; ", link);
    } catch {
      // It lies where the text says.
    }
    box.append(".");
  }

  place("stop").addEventListener("click", async () => {
    const button = place("stop"), atOnce = Boolean(now.stopping);
    if (!atOnce && !confirm("Stop the run? Nothing more is sent; replies are waited for, and what was measured is kept.")) return;
    button.disabled = true;
    const answer = await fetch(atOnce ? "/stop?at_once" : "/stop", {method: "POST"}).catch(() => null);
    if (!answer?.ok) button.disabled = false;
  });
})();
