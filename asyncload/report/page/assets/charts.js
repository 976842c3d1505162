"use strict";
/**
 * The charts of every page. Each is a function of an element and its data that returns a handle:
 *
 *     const chart = charts.lines(element, data);
 *     chart.update(newData);      // draws again; zoom and what the legend hides stay
 *
 *     charts.latency(element, Latency)     latency by percentile, on the axis of HdrHistogram
 *     charts.lines(element, Lines)         numbers over time
 *     charts.bars(element, Lines)          counts over time, stacked
 *     charts.heat(element, Heat)           calls by time and latency
 *     charts.intervals(element, Intervals) differences in percent, each with its interval
 *
 * An element is filled with a legend of real buttons, the plot, which can be zoomed by keyboard (+ - 0 and the arrows),
 * and its numbers as a table. Charts over time zoom together. What is out of sight is drawn when it comes into sight.
 *
 * @typedef {{name: string, tone: string, y: (number | null)[], dash?: string, width?: number, low?: (number | null)[],
 *            high?: (number | null)[], hidden?: boolean, step?: boolean}} Line
 *     tone: name of a colour in style.css; low and high: a band around the line; step: holds until the next value
 * @typedef {{x: number[], unit?: string, y: string, lines: Line[], spans?: [number, number][], log?: boolean,
 *            limit?: {value: number, name: string}}} Lines
 *     x: seconds from the plan's zero; y: title with its unit; spans: the warm-up, shaded; limit: a horizontal
 *     line, which the legend names
 * @typedef {{name: string, tone: string, x: number[], y: number[], dash?: string, calls?: number,
 *            low?: (number | null)[], high?: (number | null)[], sure?: number, shade?: boolean, faint?: boolean}} Curve
 *     x: 1 / (1 - q); y: ms; sure: how many of the points, from the first, the sample supports; shade: whether its
 *     intervals are drawn as whiskers; faint: thin, behind the others, and not in the legend
 * @typedef {{curves: Curve[], y: string}} Latency
 * @typedef {{x: number[], y: number[], counts: number[][], unit?: string, title: string, spans?: [number, number][]}} Heat
 *     x: edges in seconds; y: edges in ms, ascending; counts: rows from the lowest y, one number per column
 * @typedef {{name: string, value: number, low: number, high: number, sure: boolean}} Interval
 * @typedef {{rows: Interval[], x: string}} Intervals
 */
const charts = (() => {
  /** @type {[number, string][]} */
  const NINES = [[1, "0 %"], [2, "50 %"], [10, "90 %"], [100, "99 %"], [1e3, "99.9 %"], [1e4, "99.99 %"],
                 [1e5, "99.999 %"], [1e6, "99.9999 %"], [1e7, "99.99999 %"]];

  // -- time --------------------------------------------------------------------------------------------------------------

  function timeAxis(seconds) {
    const end = seconds[seconds.length - 1] ?? 0, [length, unit] = format.clock(end);
    return {length, unit, end, axis: {title: {text: `time since the start, ${unit}`}}};
  }

  function shades(spans, length, end) {
    return (spans ?? []).map(([from, to]) => ({
      type: "rect", xref: "x", yref: "paper", x0: from / length, x1: to / length, y0: 0, y1: 1, layer: "below",
      line: {width: 0}, fillcolor: chart.translucent(theme.color("soft"), 0.16),
      label: {text: to - from > end / 12 ? "warm-up" : "", textposition: "top left", font: {size: 11, color: theme.color("dim")}},
    }));
  }

  function band(x, line, name) {
    const points = x.map((at, i) => [at, line.low[i], line.high[i]]).filter(([, low, high]) => !format.missing(low) && !format.missing(high));
    return {
      x: [...points.map(p => p[0]), ...points.map(p => p[0]).reverse()],
      y: [...points.map(p => p[2]), ...points.map(p => p[1]).reverse()],
      type: "scatter", mode: "none", fill: "toself", fillcolor: chart.translucent(theme.color(line.tone), 0.18), legendgroup: name,
      hoverinfo: "skip",
    };
  }

  function overTime(data, timing, make) {
    return {
      layout: {
        xaxis: timing.axis,
        yaxis: {title: {text: data.y}, type: data.log ? "log" : "linear", rangemode: data.log ? "normal" : "tozero",
                ...(data.log ? {dtick: "D1", nticks: 8} : {})},
        shapes: shades(data.spans, timing.length, timing.end),
      },
      traces: data.lines.flatMap(make),
      keys: data.lines.map(line => ({...line, patch: false})),
    };
  }

  const timeRows = data => ({
    heads: ["time, s", ...data.lines.map(line => line.name)],
    rows: data.x.map((at, i) => [at, ...data.lines.map(line => line.y[i])]),
  });

  /** @param {HTMLElement} element @param {Lines} data */
  function lines(element, data) {
    return chart.mount(element, data, (now, narrow) => {
      const timing = timeAxis(now.x), x = now.x.map(at => at / timing.length);
      const built = overTime(now, timing, line => [
        ...(line.low ? [band(x, line, line.name)] : []),
        {
          x, y: line.y, name: line.name, legendgroup: line.name, type: "scatter", mode: now.x.length > 1 ? "lines" : "markers",
          line: {color: theme.color(line.tone), width: line.width ?? 2, dash: line.dash ?? "solid", shape: line.step ? "hv" : "linear"},
          hovertemplate: `%{y:,.4~r}<extra>${plain(line.name)}</extra>`, connectgaps: false,
        },
      ]);
      if (now.limit) limit(built, now, x);
      if (now.log) logTicks(built.layout, [...now.lines.flatMap(line => line.y), now.limit?.value], narrow);
      return built;
    }, timeRows, true);
  }

  /** A line from end to end, named in the legend: a label beside it would lie over the others. */
  function limit(built, {limit: {name, value}}, x) {
    const key = {name, tone: "bad", dash: "dot", width: 1.5}, ends = [x[0], x[x.length - 1]];
    built.traces.push({
      x: ends, y: [value, value], name, legendgroup: name, type: "scatter", mode: "lines", hoverinfo: "skip",
      line: {color: theme.color(key.tone), width: key.width, dash: key.dash},
    });
    built.keys.push(key);
  }

  /** Ticks of 1, 2 and 5 on a short logarithmic axis, of powers of ten on a long one. */
  function logTicks(layout, values, narrow) {
    const known = values.filter(value => value > 0);
    if (!known.length) return;
    const least = Math.min(...known), most = Math.max(...known), decades = Math.log10(most / least);
    const steps = decades < (narrow ? 1.5 : 3) ? [1, 2, 5] : [1], ticks = [];
    for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++) {
      for (const step of steps) ticks.push(step * 10 ** power);
    }
    delete layout.yaxis.dtick;
    Object.assign(layout.yaxis, {tickvals: ticks, ticktext: ticks.map(tick => tick >= 1000 ? format.count(tick) : String(Number(tick.toPrecision(1))))});
  }

  /** @param {HTMLElement} element @param {Lines} data */
  function bars(element, data) {
    const patterns = ["", "/", ".", "x", "\\", "-", "+", "|"];
    return chart.mount(element, data, now => {
      const timing = timeAxis(now.x), x = now.x.map(at => at / timing.length);
      const built = overTime(now, timing, (line, place = now.lines.indexOf(line)) => [{
        x, y: line.y, name: line.name, legendgroup: line.name, type: "bar", offset: 0,
        width: now.x.length > 1 ? x[1] - x[0] : undefined,
        marker: {color: theme.color(line.tone), line: {width: 0},
                 pattern: {shape: patterns[place % patterns.length], fgcolor: theme.color("back"), fgopacity: 0.6, size: 5}},
        hovertemplate: `%{y:,.4~r}<extra>${plain(line.name)}</extra>`,
      }]);
      Object.assign(built.layout, {barmode: "stack", bargap: 0});
      built.keys = now.lines.map(line => ({...line, patch: true}));
      return built;
    }, timeRows, true);
  }

  // -- latency -----------------------------------------------------------------------------------------------------------

  const share = x => `${(100 * (1 - 1 / x)).toPrecision(7).replace(/\.?0+$/, "")} %`;

  /** @param {HTMLElement} element @param {Latency} data */
  function latency(element, data) {
    return chart.mount(element, data, (now, narrow) => {
      const values = now.curves.flatMap(curve => curve.y), least = Math.min(...values), most = Math.max(...values);
      const end = Math.max(10, ...now.curves.map(curve => curve.x[curve.x.length - 1] ?? 1));
      const nines = NINES.filter(([x]) => x <= end * 1.01 && !(narrow && x === 2 && end > 1e3));
      const log = most > 20 * least;
      const layout = {
        hovermode: "closest",
        xaxis: {type: "log", range: [0, Math.log10(end) + 0.02], tickvals: nines.map(n => n[0]), ticktext: nines.map(n => n[1]),
                tickangle: 0, title: {text: narrow ? "percentile of calls" : "percentile of calls, on the axis 1 / (1 − q)"}},
        yaxis: {type: log ? "log" : "linear", rangemode: "tozero", title: {text: now.y}},
      };
      if (log) logTicks(layout, values, narrow);
      if (narrow) layout.xaxis.tickfont = {size: 10};
      return {traces: now.curves.flatMap(curveTraces), layout, keys: now.curves.filter(curve => !curve.faint)};
    }, latencyRows, false);
  }

  /**
   * What the sample supports is a full line with its band; what lies beyond is faint.
   *
   * @param {Curve} curve @returns {any[]}
   */
  function curveTraces(curve) {
    if (curve.faint) return [faint(curve)];
    const sure = curve.sure ?? curve.x.length, color = theme.color(curve.tone);
    const base = {name: curve.name, legendgroup: curve.name, type: "scatter", mode: "lines"};
    const part = (from, to, width, opacity) => ({
      ...base, x: curve.x.slice(from, to), y: curve.y.slice(from, to), opacity,
      line: {color, width, dash: curve.dash ?? "solid"},
      customdata: curve.x.slice(from, to).map((x, i) => [share(x), interval(curve, from + i)]),
      hovertemplate: `%{customdata[0]}: <b>%{y:,.4~r} ms</b>%{customdata[1]}<extra>${plain(curve.name)}</extra>`,
    });
    return [
      ...(curve.low && curve.shade ? [whiskers(curve, color)] : []),
      part(0, sure, 2.5, 1),
      ...(sure < curve.x.length ? [part(Math.max(sure - 1, 0), curve.x.length, 1.5, 0.5)] : []),
    ];
  }

  /** Not a band: between two of them the curve may take a step, which a band would cut across. */
  function whiskers(curve, color) {
    const known = curve.x.map((_, i) => i).filter(i => !format.missing(curve.low[i]) && !format.missing(curve.high[i]));
    return {
      x: known.map(i => curve.x[i]), y: known.map(i => curve.y[i]), name: curve.name, legendgroup: curve.name, type: "scatter",
      mode: "markers", hoverinfo: "skip", marker: {size: 5, color},
      error_y: {type: "data", symmetric: false, color, thickness: 1.5, width: 5,
                array: known.map(i => curve.high[i] - curve.y[i]), arrayminus: known.map(i => curve.y[i] - curve.low[i])},
    };
  }

  const faint = curve => ({
    x: curve.x, y: curve.y, name: curve.name, legendgroup: curve.name, type: "scatter", mode: "lines", opacity: 0.3,
    line: {color: theme.color(curve.tone), width: 1}, hoverinfo: "skip",
  });

  function interval(curve, i) {
    if (i >= (curve.sure ?? Infinity)) return "<br>beyond what so few calls support";
    if (format.missing(curve.low?.[i])) return "";
    return `<br>95 %: ${format.ms(curve.low[i])} to ${format.ms(curve.high[i])} ms`;
  }

  const latencyRows = data => ({
    heads: ["percentile", ...data.curves.map(curve => `${curve.name}, ms`)],
    rows: longest(data.curves).map((x, i) => [share(x), ...data.curves.map(curve => curve.y[i])]),
  });

  const longest = curves => curves.reduce((best, curve) => (curve.x.length > best.length ? curve.x : best), []);

  // -- heat --------------------------------------------------------------------------------------------------------------

  /** @param {HTMLElement} element @param {Heat} data */
  function heat(element, data) {
    return chart.mount(element, data, (now, narrow) => {
      const timing = timeAxis(now.x), most = Math.max(1, ...now.counts.map(row => Math.max(...row)));
      const stops = [0, 1, 2, 3, 4].map(i => [i / 4, theme.color(`heat-${i}`)]);
      const ticks = [1, 10, 100, 1e3, 1e4, 1e5, 1e6].filter(tick => tick <= most);
      const layout = {
        hovermode: "closest", xaxis: timing.axis, yaxis: {type: "log", title: {text: now.title}},
        shapes: shades(now.spans, timing.length, timing.end),
      };
      logTicks(layout, now.y, narrow);
      layout.yaxis.range = [Math.log10(now.y[0]), Math.log10(now.y[now.y.length - 1])];
      return {
        traces: [{
          type: "heatmap", x: now.x.map(at => at / timing.length), y: now.y,
          z: now.counts.map(row => row.map(n => (n ? Math.log10(n) : null))), zmin: 0, zmax: Math.max(Math.log10(most), 0.3),
          customdata: now.counts.map((row, i) => row.map(n => [`${format.count(n)} ${n === 1 ? "call" : "calls"}`, format.ms(now.y[i]), format.ms(now.y[i + 1])])),
          colorscale: stops, hoverongaps: false,
          hovertemplate: `%{x:.4~r} ${timing.unit}<br>%{customdata[1]} to %{customdata[2]} ms<br><b>%{customdata[0]}</b><extra></extra>`,
          colorbar: {thickness: 12, outlinewidth: 0, tickvals: ticks.map(Math.log10), ticktext: ticks.map(format.count), len: 1,
                     tickfont: {size: 11}, title: {text: "calls", side: narrow ? "top" : "right", font: {size: 12}}, xpad: 4},
        }],
        layout, keys: [],
      };
    }, heatRows, true);
  }

  const heatRows = data => ({
    heads: ["from, ms", "to, ms", ...data.x.slice(0, -1).map(at => `${format.number(at)} s`)],
    rows: data.counts.map((row, i) => [data.y[i], data.y[i + 1], ...row]).reverse(),
  });

  // -- differences -----------------------------------------------------------------------------------------------------

  /** @param {HTMLElement} element @param {Intervals} data */
  function intervals(element, data) {
    return chart.mount(element, data, (now, narrow) => {
      const rows = [...now.rows].reverse();
      element.style.setProperty("--height", `${4.5 + 1.75 * rows.length}rem`);
      // An interval that reaches far because next to nothing is known must not make the others points.
      const sure = rows.filter(row => row.sure), most = 2 * Math.max(...(sure.length ? sure : rows).flatMap(row => [-row.low, row.high]));
      const ends = rows.flatMap(row => [row.low, row.high, row.value]).filter(end => !format.missing(end) && Math.abs(end) <= most);
      const layout = {
        hovermode: "closest", margin: {l: narrow ? 8 : 16, r: 16, t: 8, b: 44},
        xaxis: {title: {text: now.x}, zeroline: true, zerolinecolor: theme.color("soft"), zerolinewidth: 1.5,
                range: spread(Math.min(0, ...ends), Math.max(0, ...ends))},
        yaxis: {tickfont: {size: narrow ? 10 : 12}, tickvals: rows.map((_, i) => i), range: [-0.6, rows.length - 0.4],
                ticktext: rows.map(row => plain(shortened(row.name, narrow ? 20 : 44)))},
      };
      const part = (name, tone, symbol, sure) => {
        const mine = rows.map((row, i) => ({row, i})).filter(({row}) => row.sure === sure);
        return {
          type: "scatter", mode: "markers", name, legendgroup: name, x: mine.map(({row}) => row.value), y: mine.map(({i}) => i),
          marker: {symbol, size: 9, color: theme.color(tone), line: {width: 1.5, color: theme.color(tone)}},
          error_x: {type: "data", symmetric: false, color: theme.color(tone), thickness: 1.75, width: 4,
                    array: mine.map(({row}) => row.high - row.value), arrayminus: mine.map(({row}) => row.value - row.low)},
          customdata: mine.map(({row}) => [plain(row.name), format.change(row.value), format.change(row.low), format.change(row.high)]),
          hovertemplate: "%{customdata[0]}: <b>%{customdata[1]} %</b><br>%{customdata[2]} to %{customdata[3]} %<extra></extra>",
        };
      };
      /** @type {[string, string, string, boolean][]} */
      const kinds = [["more than chance", "orange", "circle", true], ["no difference found", "blue", "circle-open", false]];
      return {
        traces: kinds.map(kind => part(...kind)), layout,
        keys: kinds.filter(kind => rows.some(row => row.sure === kind[3])).map(([name, tone]) => ({name, tone, patch: true})),
      };
    }, intervalRows, false);
  }

  const spread = (low, high) => [low - 0.06 * (high - low || 1), high + 0.06 * (high - low || 1)];

  const shortened = (text, most) => text.length <= most ? text
    : `${text.slice(0, Math.ceil(most / 2) - 1)}…${text.slice(text.length - Math.floor(most / 2))}`;

  const intervalRows = data => ({
    heads: ["what", "difference, %", "from", "to", "more than chance"],
    rows: data.rows.map(row => [row.name, row.value, row.low, row.high, row.sure ? "yes" : "no"]),
  });

  /** Plotly reads some markup in names: it is taken out of what a scenario called them. @param {string} text */
  function plain(text) {
    return text.replace(/[<>&]/g, sign => ({"<": "&lt;", ">": "&gt;", "&": "&amp;"})[sign]).replace(/%\{/g, "% {");
  }

  return {latency, lines, bars, heat, intervals, all: chart.all};
})();
