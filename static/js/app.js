// What only a script can do; every page works without it. Behaviour is announced by data- attributes.
(() => {
  "use strict";

  // data-focus: after an answer the summary of errors, or whatever came first, takes the focus.
  const focus = (root) => {
    const wanted = root.querySelector("[data-focus]");
    if (wanted) wanted.focus();
  };

  // A form is sent once: a second press while the answer is on its way does nothing.
  const busy = (form, on) => {
    for (const button of form.querySelectorAll("button[type=submit], button:not([type])")) {
      button.toggleAttribute("data-busy", on && button === form.lastPressed);
    }
    form.toggleAttribute("data-sent", on);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button && button.form) button.form.lastPressed = button;
    const print = event.target.closest("[data-print]");
    if (print) window.print();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.hasAttribute("data-sent")) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    busy(form, true);
    setTimeout(() => busy(form, false), 12000);
  }, true);
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) busy(form, false);
  });

  // <time data-countdown datetime>: minutes and seconds left, read out each minute, reload at the end.
  const clock = () => {
    for (const element of document.querySelectorAll("[data-countdown]")) {
      const left = Math.round((Date.parse(element.dateTime) - Date.now()) / 1000);
      if (left < 0) {
        if (!element.hasAttribute("data-over")) {
          element.setAttribute("data-over", "");
          location.reload();
        }
        continue;
      }
      element.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    }
  };
  clock();
  setInterval(clock, 1000);

  // data-hide-after="30": a revealed value leaves the screen by itself (seconds).
  const hide = (root) => {
    for (const element of root.querySelectorAll("[data-hide-after]")) {
      setTimeout(() => { element.textContent = "···"; }, 1000 * Number(element.dataset.hideAfter));
    }
  };

  document.addEventListener("htmx:after:swap", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) busy(form, false);
    focus(document);
    hide(document);
    clock();
  });
  focus(document);
  hide(document);
})();
