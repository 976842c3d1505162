"use strict";
/**
 * Light or dark: what the reader's system says, until the button says otherwise.
 *
 * The choice stands in the attribute data-theme of the root element, so that style.css alone knows the colours. Whoever
 * draws asks for them by the name of their variable, and draws again when told of a change.
 */
const theme = (() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const listeners = new Set();
  const KEY = "asyncload-theme";

  /** @returns {"light" | "dark" | null} what was chosen here before; a page from a file may not be allowed to ask */
  function chosen() {
    try {
      const found = localStorage.getItem(KEY);
      return found === "light" || found === "dark" ? found : null;
    } catch {
      return null;
    }
  }

  /** @param {"light" | "dark"} name */
  function choose(name) {
    try {
      localStorage.setItem(KEY, name);
    } catch {
      // The page is not allowed to remember it: then the choice lasts as long as the page.
    }
    apply(name);
  }

  /** @param {"light" | "dark"} name */
  function apply(name) {
    if (root.dataset.theme === name) return;
    root.dataset.theme = name;
    for (const button of document.querySelectorAll("[data-theme-toggle]")) label(button);
    for (const listener of listeners) listener();
  }

  function label(button) {
    button.textContent = root.dataset.theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Use the ${button.textContent.toLowerCase()} theme`);
  }

  root.dataset.theme = chosen() ?? (system.matches ? "dark" : "light");
  system.addEventListener("change", () => { if (!chosen()) apply(system.matches ? "dark" : "light"); });
  document.addEventListener("click", event => {
    if (event.target instanceof Element && event.target.closest("[data-theme-toggle]")) {
      choose(root.dataset.theme === "dark" ? "light" : "dark");
    }
  });
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-toggle]")) label(button);
  });

  return {
    /** @param {string} name of a colour in style.css, such as "blue" @returns {string} */
    color: name => getComputedStyle(root).getPropertyValue(`--${name}`).trim(),
    /** @param {() => void} listener called after each change */
    onChange: listener => { listeners.add(listener); },
  };
})();
