// What only a script can do; every page works without it. Behaviour is announced by data- attributes:
//   data-focus             takes the focus when it appears: errors, what an act did
//   data-announce          is read out when a swap has changed its text (wants an id)
//   data-countdown         on <time datetime>: what is left; ="reload" asks the server again at the end
//   data-hide-after="30"   a revealed value leaves the screen after so many seconds
//   data-print             a button that prints the page
//   data-copy="text"       a button that copies the text
//   data-error             on the fragment of an error page: never takes the place of a form
//   data-behind            asks behind the reader's back: its failure says nothing, the next one mends it
//   data-address[="url"]   what it swaps in has an address of its own (default: its href)
//   data-keep-in-view      a strip that scrolls sideways, so far that its current item is seen
//   data-now               on <html>: the server's time, against clocks that are wrong
// A form being sent has aria-busy, its pressed button data-busy; a list that could not be renewed, data-stale.
(() => {
  "use strict";

  const WORDS = {
    zh: {
      away: "网络连接失败，您填写的内容都还在。请稍后再按一次，同一张表单不会重复提交。",
      copied: "已复制",
      left: (minutes) => `还剩 ${minutes} 分钟`,
      over: "时间到",
      visitors: (count) => `共 ${count} 位游客`,
    },
    en: {
      away: "No connection. All you typed is still here: press again in a moment, the same form never counts twice.",
      copied: "Copied",
      left: (minutes) => (minutes === 1 ? "1 minute left" : `${minutes} minutes left`),
      over: "The time is over",
      visitors: (count) => (count === 1 ? "1 visitor" : `${count} visitors`),
    },
  };
  const words = document.documentElement.lang.startsWith("zh") ? WORDS.zh : WORDS.en;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // One polite live region: it must stand before its text changes, or nothing is read out.
  const live = document.createElement("div");
  live.className = "hidden-visually";
  live.setAttribute("role", "status");
  document.body.append(live);
  const say = (text) => {
    live.textContent = live.textContent === text ? `${text}\u00a0` : text;
  };
  const heard = new Map(all("[data-announce][id]").map((element) => [element.id, element.textContent]));
  const announce = () => {
    for (const element of all("[data-announce][id]")) {
      const text = element.textContent;
      if (heard.has(element.id) && heard.get(element.id) !== text) say(text.trim());
      heard.set(element.id, text);
    }
  };

  const focusNews = () => {
    const news = document.querySelector('[data-focus]:not([data-focus="taken"])');
    if (!news) return false;
    news.dataset.focus = "taken";
    news.focus();
    return true;
  };

  // A party grew or shrank: the focus goes to the new row, or to the one that took the removed one's place.
  const focusRow = (button) => {
    const names = all('input[name^="visitors-"][name$="-name"]');
    if (!names.length) return;
    const row = button.name === "add" ? names.length - 1 : Math.min(Number(button.value), names.length - 1);
    const box = names[row].closest("fieldset") || names[row];
    box.tabIndex = -1;
    (button.name === "add" ? names[row] : box).focus();
    say(words.visitors(names.length));
  };

  // A form is sent once: a second press of the same button does nothing until the answer comes.
  const SENT = 15000; // ms, for answers that leave the page in place, such as a file
  const release = (form) => {
    form.removeAttribute("aria-busy");
    for (const field of form.elements) field.removeAttribute("data-busy");
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog" || form.target === "_blank") return;
    const { name = "", value = "", lang, formAction = form.action } = event.submitter || {};
    const act = [formAction, name, value].join(" ");
    if (form.getAttribute("aria-busy") === "true" && form.dataset.act === act) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.setAttribute("aria-busy", "true");
    form.dataset.act = act;
    if (event.submitter) event.submitter.setAttribute("data-busy", "");
    setTimeout(() => release(form), SENT);
    if (lang) event.stopImmediatePropagation(); // the whole page in another language
  }, true);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) all("form[aria-busy]").forEach(release);
  });

  // The end of a countdown is acted on only if its run was seen: a wrong clock must not reload for ever.
  const ahead = Date.now() - (Date.parse(document.documentElement.dataset.now || "") || Date.now());
  const running = new WeakSet();
  const two = (number) => String(number).padStart(2, "0");
  const tick = () => {
    for (const element of all("time[data-countdown]:not([data-over])")) {
      const left = Math.ceil((Date.parse(element.dateTime) - Date.now() + ahead) / 1000);
      if (Number.isNaN(left)) continue;
      const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
      if (left > 0) {
        running.add(element);
        element.textContent = hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
        if (left === 300 || left === 60) say(words.left(left / 60));
        continue;
      }
      element.textContent = "0:00";
      element.setAttribute("data-over", "");
      if (!running.has(element)) continue;
      say(words.over);
      if (element.dataset.countdown === "reload") location.reload();
    }
  };

  const hideLater = () => {
    for (const element of all("[data-hide-after]")) {
      const seconds = Number(element.dataset.hideAfter);
      element.removeAttribute("data-hide-after");
      setTimeout(() => { element.textContent = "···"; }, 1000 * seconds);
    }
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-print], [data-copy]");
    if (!button) return;
    if (button.hasAttribute("data-print")) {
      window.print();
      return;
    }
    await navigator.clipboard.writeText(button.dataset.copy);
    say(words.copied);
    button.setAttribute("data-done", "");
    setTimeout(() => button.removeAttribute("data-done"), 2000);
  });
  // Such buttons come `hidden`: shown where they can do something.
  const showButtons = () => {
    for (const button of all("[data-print][hidden]")) button.hidden = false;
    if (navigator.clipboard) for (const button of all("[data-copy][hidden]")) button.hidden = false;
  };

  const keepInView = () => {
    for (const strip of all("[data-keep-in-view]")) {
      const current = strip.querySelector("[aria-current]");
      if (!current) continue;
      const [outer, inner] = [strip.getBoundingClientRect(), current.getBoundingClientRect()];
      if (inner.left < outer.left || inner.right > outer.right) {
        strip.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
      }
    }
  };

  const look = () => {
    showButtons();
    hideLater();
    tick();
  };

  // htmx. A poll renews a list behind the reader's back: it never takes the focus, and its failure changes nothing.
  const polled = (ctx) => Boolean(ctx.sourceEvent) && ctx.sourceEvent.type === "every";
  const behind = (ctx) => polled(ctx) || ctx.sourceElement.hasAttribute("data-behind");
  document.addEventListener("htmx:config:request", (event) => {
    if (polled(event.detail.ctx) && document.hidden) event.preventDefault(); // nobody is looking
  });
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx, tasks } = event.detail;
    const failed = Boolean(ctx.response) && ctx.response.status >= 400;
    if (polled(ctx)) ctx.sourceElement.toggleAttribute("data-stale", failed);
    if (behind(ctx)) {
      if (failed) event.preventDefault();
      return;
    }
    const source = ctx.sourceElement; // after the swap it may be gone
    if (!failed && source.dataset.address !== undefined) ctx.address = source.dataset.address || source.href;
    all("[data-error]").forEach((notice) => notice.remove());
    const main = tasks.find((task) => task.type === "main");
    if (failed && main && main.fragment.querySelector("[data-error]")) {
      main.swapSpec.style = "afterbegin"; // above the form, and what was typed stays
    }
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    look();
    announce();
    if (behind(ctx)) return;
    keepInView();
    if (ctx.address) history.replaceState(history.state, "", ctx.address);
    if (focusNews()) return;
    const button = ctx.request && ctx.request.submitter;
    if (button && (button.name === "add" || button.name === "remove")) {
      focusRow(button);
    } else if (document.activeElement === document.body && ctx.target.isConnected) {
      const place = ctx.target.querySelector("h1, h2") || ctx.target;
      place.tabIndex = -1;
      place.focus();
    }
  });
  document.addEventListener("htmx:error", (event) => {
    const { ctx } = event.detail;
    if (!ctx) return;
    if (polled(ctx)) ctx.sourceElement.setAttribute("data-stale", "");
    if (behind(ctx)) return;
    all("[data-error]").forEach((notice) => notice.remove());
    const notice = document.createElement("div");
    notice.className = "notice warning";
    notice.setAttribute("role", "alert");
    notice.setAttribute("data-error", "");
    notice.tabIndex = -1;
    const text = document.createElement("p");
    text.textContent = words.away;
    notice.append(text);
    (ctx.target instanceof Element && ctx.target.isConnected ? ctx.target : document.body).prepend(notice);
    notice.focus();
  });
  document.addEventListener("htmx:finally:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.request.form && !ctx.keepIndicators) release(ctx.request.form);
  });

  look();
  keepInView();
  setInterval(tick, 1000);
  focusNews();
})();
