// The ticket window: counts by stepper, total and change while one types. The server works both out again.
(() => {
  "use strict";

  const zero = (text) => (/^\d{1,3}$/.test(text.trim()) ? Number(text) : 0);
  const yuan = (fen) => {
    const whole = Math.floor(Math.abs(fen) / 100).toLocaleString("en");
    const cents = Math.abs(fen) % 100;
    return `${fen < 0 ? "-" : ""}¥${whole}${cents ? `.${String(cents).padStart(2, "0")}` : ""}`;
  };
  // "120", "1,200.5", "１２０" → fen; nothing for what cannot be an amount
  const fenOf = (text) => {
    const plain = text.normalize("NFKC").replace(/[¥,\s]/g, "");
    return /^\d+(\.\d{1,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : null;
  };

  const till = () => document.querySelector("form[data-till]");
  const show = (form, name, text) => {
    const output = form.querySelector(`[${name}]`);
    if (output && output.textContent !== text) output.textContent = text;
  };
  const work = () => {
    const form = till();
    if (!form) return;
    let total = 0;
    for (const input of form.querySelectorAll("[data-fen]")) total += zero(input.value) * Number(input.dataset.fen);
    show(form, "data-total", yuan(total));
    const cash = form.querySelector('[name="method"]:checked')?.value === "cash";
    form.querySelector("[data-cash]").hidden = !cash;
    const given = fenOf(form.querySelector('[name="given"]').value);
    show(form, "data-change", given === null ? "–" : yuan(given - total));
    form.querySelector("[data-change]").classList.toggle("bad", given !== null && given < total);
  };
  const look = () => {
    const form = till();
    if (!form) return;
    for (const button of form.querySelectorAll("[data-step], [data-notes]")) button.hidden = false;
    for (const button of form.querySelectorAll("[data-no-script]")) button.hidden = true;
    work();
  };

  document.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    const give = event.target.closest("[data-give]");
    if (step) {
      const input = step.parentElement.querySelector("input");
      input.value = String(Math.min(Math.max(zero(input.value) + Number(step.dataset.step), 0), 50));
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
    if (give) till().querySelector('[name="given"]').value = give.dataset.give;
    if (step || give) work();
  });
  document.addEventListener("input", (event) => { if (event.target.closest("[data-till]")) work(); });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-till]");
    if (!form) return;
    work();
    // names are asked for one by one: a changed number changes how many rows there are
    if (event.target.matches("[data-fen]")) form.querySelector("[data-again]")?.click();
  });
  document.addEventListener("htmx:after:swap", look);
  look();
})();
