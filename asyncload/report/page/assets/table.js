"use strict";
/**
 * A table that sorts and searches, of a thousand rows and more: columns of equal length, of which the first is the name.
 *
 *     const shown = table(element, {columns, caption});
 *     shown.update({columns, caption});      // order, search and how many rows are shown stay
 *
 * Headings are buttons with aria-sort; the first rows are in the page, the others come when asked for.
 *
 * @typedef {{title: string, unit?: string, kind: "name" | "count" | "ms" | "percent" | "number" | "change" | "text" | "spark",
 *            values: any[], under?: (string | null)[], hint?: string, sort?: number[], cell?: (i: number) => Node}} Column
 *     under: a small second line; sort: numbers to sort by where the values are none; cell: makes what stands in a cell
 */
const table = (() => {
  const FIRST = 25;
  const MORE = 200;

  /**
   * @param {HTMLElement} element
   * @param {{columns: Column[], caption: string, noun?: string, by?: number, ascending?: boolean}} data by: column it is
   *     first sorted by
   */
  return (element, data) => {
    const state = {by: data.by ?? -1, ascending: data.ascending ?? false, query: "", limit: FIRST};
    const parts = skeleton(element, data);

    function draw() {
      parts.scroll.setAttribute("aria-label", data.caption);
      const found = search(data.columns[0].values, state.query);
      order(found, data.columns[state.by], state.ascending);
      const rows = found.slice(0, state.limit).map(i => line(data.columns, i));
      parts.body.replaceChildren(...rows);
      heads();
      const all = data.columns[0].values.length, noun = data.noun ?? "models";
      parts.count.textContent = found.length === all ? `${format.count(all)} ${noun}` : `${format.count(found.length)} of ${format.count(all)} ${noun}`;
      const left = found.length - rows.length;
      parts.more.hidden = parts.every.hidden = left <= 0;
      parts.more.textContent = `Show ${format.count(Math.min(MORE, left))} more`;
      parts.every.textContent = `Show all ${format.count(found.length)}`;
      parts.every.hidden ||= left <= MORE;
    }

    function heads() {
      parts.heads.forEach((head, place) => {
        if (place === state.by) head.setAttribute("aria-sort", state.ascending ? "ascending" : "descending");
        else head.removeAttribute("aria-sort");
        const arrow = head.querySelector(".arrow");
        if (arrow) arrow.textContent = place !== state.by ? "" : state.ascending ? " ▲" : " ▼";
      });
    }

    parts.heads.forEach((head, place) => head.querySelector("button")?.addEventListener("click", () => {
      const first = data.columns[place].kind === "name" || data.columns[place].kind === "text" && !data.columns[place].sort?.length;
      state.ascending = state.by === place ? !state.ascending : first;
      state.by = place;
      draw();
    }));
    parts.search.addEventListener("input", () => { state.query = parts.search.value; state.limit = FIRST; draw(); });
    parts.more.addEventListener("click", () => { state.limit += MORE; draw(); });
    parts.every.addEventListener("click", () => { state.limit = Infinity; draw(); });
    draw();
    return {update(fresh) { data = {...data, ...fresh}; draw(); }};
  };

  function make(tag, name, text) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function skeleton(element, data) {
    const tools = make("div", "tools"), label = make("label", "", "Search "), search = make("input");
    search.type = "search";
    search.placeholder = "part of a name";
    label.append(search);
    const count = make("span", "dim");
    count.setAttribute("aria-live", "polite");
    tools.append(label, count);
    const scroll = make("div", "scroll models"), grid = make("table"), head = make("tr"), body = make("tbody");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    const heads = data.columns.map(heading);
    head.append(...heads);
    const top = make("thead");
    top.append(head);
    grid.append(top, body);
    scroll.append(grid);
    const below = make("div", "tools"), more = make("button"), every = make("button");
    more.type = every.type = "button";
    below.append(more, every);
    element.replaceChildren(tools, scroll, below);
    return {search, count, scroll, heads, body, more, every};
  }

  function heading(column) {
    const head = make("th", column.kind === "spark" ? "spark-head" : "");
    head.scope = "col";
    if (column.hint) head.title = column.hint;
    if (column.kind === "spark" && !column.sort) {
      head.append(column.title);
    } else {
      const button = make("button", "", column.title);
      button.type = "button";
      const arrow = make("span", "arrow");
      arrow.setAttribute("aria-hidden", "true");  // aria-sort says it
      button.append(arrow);
      head.append(button);
    }
    if (column.unit) head.append(make("span", "unit", column.unit));
    return head;
  }

  function search(names, query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean), found = [];
    names.forEach((name, i) => { if (words.every(word => name.toLowerCase().includes(word))) found.push(i); });
    return found;
  }

  /** What does not exist comes last, whichever way. */
  function order(found, column, ascending) {
    if (!column) return;
    const values = column.sort?.length ? column.sort : column.values, way = ascending ? 1 : -1;
    const collator = new Intl.Collator("en", {numeric: true});
    found.sort((a, b) => {
      const x = values[a], y = values[b];
      if (format.missing(x) || format.missing(y)) return Number(format.missing(x)) - Number(format.missing(y)) || a - b;
      return way * (typeof x === "string" ? collator.compare(x, y) : x - y) || a - b;
    });
  }

  function line(columns, i) {
    const row = make("tr");
    row.append(...columns.map(column => cell(column, i)));
    return row;
  }

  function cell(column, i) {
    const value = column.values[i];
    if (column.kind === "name") {
      const name = make("th", "", value);
      name.scope = "row";
      name.title = value;
      if (column.cell) name.replaceChildren(column.cell(i));
      return name;
    }
    const made = make("td", column.kind === "spark" ? "spark-cell" : "");
    if (column.cell) { made.append(column.cell(i)); return made; }
    if (column.kind === "spark") { if (value) made.append(sparks.line(value)); return made; }
    made.textContent = column.kind === "text" ? value ?? format.NOTHING : format[column.kind](value);
    if (value === 0) made.className = "zero";
    if (column.kind === "text") made.className = "words";
    const under = column.under?.[i];
    if (under) made.append(make("small", "", under));
    return made;
  }
})();
