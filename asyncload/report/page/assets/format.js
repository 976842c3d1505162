"use strict";
/** Numbers as the terminal's report prints them: short, and never more exact than they are. */
const format = (() => {
  const NOTHING = "-";
  const grouped = new Intl.NumberFormat("en", {maximumFractionDigits: 0});

  /** @param {number | null | undefined} value */
  const missing = value => value === null || value === undefined || Number.isNaN(value);

  /** Milliseconds, three significant digits. @param {number | null | undefined} value @returns {string} */
  function ms(value) {
    if (missing(value)) return NOTHING;
    const rounded = Number(value.toPrecision(3));
    if (rounded >= 100000) return `${grouped.format(rounded / 1000)} s`;
    return rounded >= 100 ? grouped.format(rounded) : rounded.toFixed(rounded >= 10 ? 1 : rounded >= 1 ? 2 : rounded ? 3 : 0);
  }

  /** @param {number | null | undefined} value @returns {string} */
  const count = value => (missing(value) ? NOTHING : grouped.format(value));

  /** A share of 0 to 1 in percent; only nothing is 0 and only everything is 100. @param {number | null} share */
  function percent(share) {
    if (missing(share)) return NOTHING;
    if (share === 0 || share === 1) return share ? "100" : "0";
    const value = 100 * share;
    if (value >= 99) return Math.min(Math.floor(value * 100) / 100, 99.99).toFixed(2);
    return value < 0.01 ? "<0.01" : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
  }

  /** Any number, at most four significant digits. @param {number | null | undefined} value */
  function number(value) {
    if (missing(value)) return NOTHING;
    return Math.abs(value) >= 1000 ? grouped.format(value) : String(Number(value.toPrecision(4)));
  }

  /** A difference with its sign. @param {number | null | undefined} value */
  function change(value) {
    if (missing(value)) return NOTHING;
    const size = Math.abs(value), text = size >= 1000 ? grouped.format(size) : String(Number(size.toPrecision(3)));
    return value > 0 ? `+${text}` : value < 0 ? `−${text}` : "0";
  }

  /** The unit in which a run's time reads well. @param {number} end in seconds @returns {[number, string]} */
  function clock(end) {
    return end > 3 * 3600 ? [3600, "h"] : end > 600 ? [60, "min"] : [1, "s"];
  }

  return {clock, change, ms, count, percent, number, missing, NOTHING};
})();
