// The policy editor with scripts; every page of it works without.
//   data-grid              a table walked with the arrow keys: one cell of it takes the focus
//   data-ticks="url"       each tick in it is saved at once, and its row comes back as it stands then
//   data-plain             a button that only a browser without scripts needs
//   data-views             a form whose views follow each other; what has the focus is left alone
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  document.documentElement.classList.add("scripted");

  // The grid: arrows move between cells, as in a spreadsheet; the tab key enters and leaves.
  const CELL = "td :is(input, a)";
  const inCell = (cell) => cell && cell.querySelector(":is(input, a)");
  const seen = (element) => element && element.getClientRects().length > 0;
  const rove = () => {
    for (const grid of all("[data-grid]")) {
      const stops = all(CELL, grid);
      if (stops.some((stop) => stop.tabIndex === 0 && stop.hasAttribute("tabindex"))) {
        for (const stop of stops) if (!stop.hasAttribute("tabindex")) stop.tabIndex = -1;
        continue;
      }
      const first = stops.find(seen);
      for (const stop of stops) stop.tabIndex = stop === first ? 0 : -1;
    }
  };
  const goTo = (stop) => {
    if (!stop) return;
    for (const other of all('td [tabindex="0"]', stop.closest("[data-grid]"))) other.tabIndex = -1;
    stop.tabIndex = 0;
    stop.focus();
    stop.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  document.addEventListener("keydown", (event) => {
    const grid = event.target.closest && event.target.closest("[data-grid]");
    const cell = grid && event.target.closest("td");
    if (!cell || event.altKey || event.metaKey) return;
    const rows = all("tr:not(.about)", grid).filter((row) => row.querySelector("td"));
    let row = rows.indexOf(cell.parentElement);
    let column = cell.cellIndex;
    const last = cell.parentElement.cells.length - 1;
    let move = STEPS[event.key];
    if (event.key === "Home" || event.key === "End") {
      move = [0, event.key === "Home" ? 1 : -1];
      column = event.key === "Home" ? 0 : last + 1;
      if (event.ctrlKey) row = event.key === "Home" ? 0 : rows.length - 1;
    } else if (event.key === "Enter" && event.target.type === "checkbox") {
      event.preventDefault();
      event.target.click();
      return;
    }
    if (!move) return;
    event.preventDefault();
    for (row += move[0], column += move[1]; rows[row] && column > 0 && column <= last; row += move[0], column += move[1]) {
      const stop = inCell(rows[row].cells[column]);
      if (seen(stop)) {
        goTo(stop);
        return;
      }
    }
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches(`[data-grid] ${CELL}`) && event.target.tabIndex !== 0) goTo(event.target);
  });

  // Ticks: one request after the other, in the order in which they were made.
  const waiting = [];
  document.addEventListener("change", (event) => {
    const grid = event.target.closest && event.target.closest("[data-ticks]");
    if (!grid) return;
    const box = event.target;
    const [number, permission] = box.name.split("/");
    const form = box.form;
    const values = { columns: form.elements.columns.value, permission, shown: box.checked ? "" : box.name };
    if (box.checked) values[box.name] = "on";
    for (const name of ["area", "roles", "role", "q"]) values[name] = form.elements[name].value;
    waiting.push({ id: box.closest("tr").id, column: box.closest("td").cellIndex, box, number });
    const news = document.getElementById("news");
    if (waiting.length === 1) grid.setAttribute("aria-busy", "true");
    htmx.ajax("POST", grid.dataset.ticks, { source: news, target: news, swap: "innerHTML", values });
  });
  const done = (failed) => {
    const tick = waiting.shift();
    if (!tick) return;
    if (failed && tick.box.isConnected) tick.box.checked = !tick.box.checked;
    if (!waiting.length) for (const grid of all("[data-ticks]")) grid.removeAttribute("aria-busy");
    rove();
    const row = document.getElementById(tick.id);
    const stop = row && inCell(row.cells[tick.column]);
    if (stop && !tick.box.isConnected && document.activeElement === document.body) goTo(stop);
  };
  const isTick = (ctx) => ctx && ctx.sourceElement && ctx.sourceElement.id === "news";
  document.addEventListener("htmx:after:swap", (event) => {
    if (isTick(event.detail.ctx)) done(event.detail.ctx.response.status >= 400);
  }, true);
  document.addEventListener("htmx:error", (event) => {
    if (isTick(event.detail.ctx)) done(true);
  });

  // The views of a rule: after a swap every field says what the answer says, but not the one being typed in.
  document.addEventListener("htmx:after:swap", () => {
    for (const form of all("form[data-views]")) {
      const typed = form.contains(document.activeElement) ? document.activeElement : null;
      const kept = typed && [typed.value, typed.checked];
      form.reset();
      if (kept && typed.value !== undefined && typed.type !== "submit") [typed.value, typed.checked] = kept;
    }
    rove();
  });
  rove();
})();
