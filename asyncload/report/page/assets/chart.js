"use strict";
/**
 * What all charts have: a place in the page, a legend of real buttons, the numbers as a table, zoom by keyboard.
 *
 *     chart.mount(element, data, build, numbers, timed)    -> {update(data), element, ready}
 *     chart.all()                                          draws those too that are out of sight
 *
 * `build` turns data into what plotly draws and the keys of the legend; `numbers` turns them into rows. What is out of
 * sight is drawn when it comes into sight. Charts over time (`timed`) zoom together.
 *
 * @typedef {{name: string, tone: string, dash?: string, width?: number, patch?: boolean, hidden?: boolean}} Key
 * @typedef {{traces: any[], layout: any, keys: Key[]}} Built
 */
const chart = (() => {
  const NARROW = 560;
  const DASHES = {solid: "", dash: "6 3", dot: "1.5 3", dashdot: "6 3 1.5 3"};
  const open = new Set();
  const coarse = matchMedia("(pointer: coarse)");
  let zooming = false;

  /**
   * @template T
   * @param {HTMLElement} element
   * @param {T} data
   * @param {(data: T, narrow: boolean) => Built} build
   * @param {(data: T) => {heads: string[], rows: (string | number)[][]}} numbers
   * @param {boolean} timed whether it zooms with the others
   * @returns {{update: (data: T) => void, element: HTMLElement, ready: Promise<void>}}
   */
  function mount(element, data, build, numbers, timed) {
    element.classList.add("chart");
    const legend = child(element, "div", "legend"), plot = child(element, "div", "plot");
    const first = build(data, false), hidden = new Set(first.keys.filter(key => key.hidden).map(key => key.name));
    plot.tabIndex = 0;
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", `${element.dataset.label ?? "Chart"}. Plus and minus zoom, arrows move, 0 shows all.`);
    table(element, () => numbers(made.data));
    buttons(legend, first.keys, hidden, () => made.draw());  // the page keeps its shape when the chart is drawn
    let announce;
    const made = {
      data, timed, plot, drawn: false,
      ready: new Promise(resolve => { announce = resolve; }),
      draw() {
        const narrow = element.clientWidth < NARROW;
        const {traces, layout, keys} = build(made.data, narrow);
        for (const trace of traces) if (hidden.has(trace.legendgroup)) trace.visible = false;
        Plotly.react(plot, traces, merge(frame(narrow), layout), options());
        buttons(legend, keys, hidden, made.draw);
        if (!made.drawn) { made.drawn = true; listen(made); announce(); }
      },
    };
    open.add(made);
    whenSeen(made);
    return {
      element,
      ready: made.ready,
      update(fresh) { made.data = fresh; if (made.drawn) made.draw(); },
    };
  }

  const seen = new IntersectionObserver(entries => {
    for (const entry of entries) if (entry.isIntersecting) drawOnce(entry.target);
  }, {rootMargin: "400px 0px"});

  function whenSeen(chart) {
    chart.plot.chart = chart;
    seen.observe(chart.plot);
  }

  function drawOnce(plot) {
    seen.unobserve(plot);
    if (!plot.chart.drawn) plot.chart.draw();
  }

  function all() { for (const chart of open) drawOnce(chart.plot); }

  theme.onChange(() => { for (const chart of open) if (chart.drawn) chart.draw(); });
  addEventListener("beforeprint", all);
  let width = innerWidth;
  addEventListener("resize", () => {
    if ((width < NARROW) !== (innerWidth < NARROW)) for (const chart of open) if (chart.drawn) chart.draw();
    width = innerWidth;
  });

  /** Zoom and pan by keyboard; whatever zooms a chart over time zooms the others. */
  function listen(chart) {
    const {plot} = chart;
    plot.addEventListener("keydown", event => {
      const [from, to] = plot._fullLayout.xaxis.range, length = to - from;
      const moves = {"+": [from + length / 4, to - length / 4], "=": [from + length / 4, to - length / 4],
                     "-": [from - length / 2, to + length / 2], ArrowLeft: [from - length / 5, to - length / 5],
                     ArrowRight: [from + length / 5, to + length / 5]};
      if (event.key === "0") Plotly.relayout(plot, {"xaxis.autorange": true, "yaxis.autorange": true});
      else if (event.key in moves) Plotly.relayout(plot, {"xaxis.range": moves[event.key]});
      else return;
      event.preventDefault();
    });
    if (!chart.timed) return;
    plot.on("plotly_relayout", change => {
      if (zooming) return;
      const range = change["xaxis.range"] ?? [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      const wanted = change["xaxis.autorange"] ? {"xaxis.autorange": true}
        : range[0] === undefined ? null : {"xaxis.range": [...range]};
      if (!wanted) return;
      zooming = true;
      const others = [...open].filter(other => other !== chart && other.timed && other.drawn);
      Promise.all(others.map(other => Plotly.relayout(other.plot, wanted))).finally(() => { zooming = false; });
    });
  }

  function options() {
    return {responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
            scrollZoom: false};
  }

  /** What no chart differs in. */
  function frame(narrow) {
    const axis = {gridcolor: theme.color("grid"), linecolor: theme.color("line"), zeroline: false, automargin: true,
                  title: {standoff: 8, font: {size: 12, color: theme.color("dim")}}, tickfont: {size: 12}};
    return {
      paper_bgcolor: theme.color("back"), plot_bgcolor: theme.color("back"), showlegend: false, uirevision: "kept",
      font: {color: theme.color("text"), size: 13, family: "system-ui, sans-serif"},
      margin: {l: narrow ? 44 : 60, r: narrow ? 8 : 16, t: 8, b: 44},
      hovermode: "x unified", dragmode: coarse.matches ? false : "zoom",
      hoverlabel: {bgcolor: theme.color("raised"), bordercolor: theme.color("line"), font: {color: theme.color("text")}},
      modebar: {bgcolor: "rgba(0,0,0,0)", color: theme.color("soft"), activecolor: theme.color("accent")},
      xaxis: axis, yaxis: axis,
    };
  }

  function merge(base, over) {
    const merged = {...base, ...over};
    for (const axis of ["xaxis", "yaxis"]) {
      merged[axis] = {...base[axis], ...over[axis]};
      merged[axis].title = {...base[axis].title, ...over[axis]?.title};
    }
    return merged;
  }

  function child(parent, tag, name) {
    const made = document.createElement(tag);
    made.className = name;
    parent.append(made);
    return made;
  }

  /** A legend of buttons, each with a stroke or a patch that looks like what it stands for. */
  function buttons(legend, keys, hidden, draw) {
    if (keys.length < 2) { legend.replaceChildren(); return; }
    const focused = [...legend.children].indexOf(document.activeElement);
    legend.replaceChildren(...keys.map(key => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", String(!hidden.has(key.name)));
      button.append(swatch(key), key.name);
      button.addEventListener("click", () => {
        if (hidden.has(key.name)) hidden.delete(key.name); else hidden.add(key.name);
        draw();
      });
      return button;
    }));
    if (focused >= 0) legend.children[focused]?.focus();
  }

  function swatch(key) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 26 12");
    svg.setAttribute("aria-hidden", "true");
    const mark = document.createElementNS(svg.namespaceURI, key.patch ? "rect" : "line");
    const where = key.patch ? {x: 3, y: 1, width: 20, height: 10, fill: theme.color(key.tone)}
      : {x1: 1, x2: 25, y1: 6, y2: 6, stroke: theme.color(key.tone), "stroke-width": key.width ?? 2.5,
         "stroke-dasharray": DASHES[key.dash ?? "solid"]};
    for (const [name, value] of Object.entries(where)) mark.setAttribute(name, String(value));
    svg.append(mark);
    return svg;
  }

  /** The numbers behind a chart, made when somebody asks for them. */
  function table(element, numbers) {
    const details = child(element, "details", "numbers"), summary = document.createElement("summary");
    summary.textContent = "Numbers";
    details.append(summary);
    details.addEventListener("toggle", () => {
      details.querySelector(".scroll")?.remove();
      if (!details.open) return;
      const {heads, rows} = numbers(), scroll = child(details, "div", "scroll"), grid = child(scroll, "table", "");
      scroll.tabIndex = 0;
      row(child(grid, "thead", ""), heads, "th");
      const body = child(grid, "tbody", "");
      for (const cells of rows) row(body, cells, "td");
    });
  }

  function row(parent, cells, tag) {
    const line = child(parent, "tr", "");
    for (const cell of cells) child(line, tag, "").textContent = typeof cell === "number" ? format.number(cell) : cell ?? format.NOTHING;
  }

  function translucent(color, alpha) {
    const [r, g, b] = [1, 3, 5].map(at => parseInt(color.slice(at, at + 2), 16));
    return `rgba(${r},${g},${b},${alpha})`;
  }

  return {mount, all, translucent};
})();
