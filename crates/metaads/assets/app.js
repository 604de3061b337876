// Makes the pages smoother where scripts run; everything works without it. Text comes from data attributes of the page.

const channel = "BroadcastChannel" in window ? new BroadcastChannel("metaads-connect") : null;
const main = () => document.getElementById("main");
let facebookWindow = null;
let following = null;

const isHandheld = () =>
  matchMedia("(max-width: 767px)").matches || (matchMedia("(pointer: coarse)").matches && !matchMedia("(any-pointer: fine)").matches);
const isInApp = () => /FBAN|FBAV|Instagram|Line\/|MicroMessenger|; wv\)/.test(navigator.userAgent);

// Connecting: the popup opens inside the click, else the browser blocks it. If it does not open, the form is submitted in
// this tab.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-connect]");
  if (!form || isHandheld() || isInApp()) return;
  if (form.dataset.sent) return event.preventDefault();
  const features = "popup,width=600,height=740";
  const opened = window.open("about:blank", "metaads-connect", features);
  if (!opened) return;
  event.preventDefault();
  form.dataset.sent = "1";
  facebookWindow = opened;
  const fields = new URLSearchParams(new FormData(form));
  fields.set("display", "popup");
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields, headers: { accept: "application/json" } });
    if (answer.status !== 201) throw new Error("not started");
    const started = await answer.json();
    opened.location.replace(started.dialog);
    await show(started.attempt, true);
  } catch {
    opened.close();
    facebookWindow = null;
    delete form.dataset.sent;
    form.submit();
  }
});

// Shows another page's content in place, so that the reference to the popup is kept.
async function show(address, isNew) {
  const answer = await fetch(address);
  if (!answer.ok) return location.assign(address);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("main");
  if (!fresh) return location.assign(address);
  main().replaceWith(document.importNode(fresh, true));
  document.title = page.title;
  document.body.className = page.body.className;
  if (isNew) history.pushState({ attempt: address }, "", address);
  main().querySelector("h1")?.focus();
  enliven();
}

addEventListener("popstate", () => location.reload());

// Whether this page shows an attempt that can still change.
const isOpen = (page) => /^(pending|consumed)/.test(page.dataset.version) || "follow" in page.dataset;

// Follows an attempt by long polling.
async function follow(address) {
  if (following === address) return;
  following = address;
  while (following === address && main()?.dataset.attempt === address) {
    const seen = main().dataset.version;
    const asked = performance.now();
    try {
      const answer = await fetch(`${address}/status?seen=${encodeURIComponent(seen)}`, { headers: { accept: "application/json" } });
      if (answer.status === 503) throw new Error("busy");
      if (!answer.ok) return location.reload();
      const now = await answer.json();
      if (main()?.dataset.attempt !== address) break;
      if (now.version === seen) {
        // A service with much to do answers at once instead of waiting.
        if (performance.now() - asked < 2000) await new Promise((again) => setTimeout(again, 2000));
        continue;
      }
      if (now.is_reading && "follow" in main().dataset) {
        main().dataset.version = now.version;
        progress(now);
      } else {
        await show(address, false);
        if (!now.is_waiting && facebookWindow) facebookWindow.close();
      }
      if (!now.is_waiting && !now.is_reading) break;
    } catch {
      await new Promise((again) => setTimeout(again, 3000));
    }
  }
  if (following === address) following = null;
}

const grouped = (number) => number.toLocaleString("en");

// Fills numbers into a text of the page: "{done} of {total}".
const fill = (pattern, numbers) => pattern.replace(/\{(\w+)\}/g, (_, name) => grouped(numbers[name]));

function progress(now) {
  const bar = document.querySelector("[data-progress]");
  const words = document.querySelector("[data-progress-words]");
  if (bar) bar.value = now.done;
  if (words) words.textContent = fill(words.dataset.progressWords, { done: now.done, total: Math.max(now.total ?? 0, now.done) });
  const first = document.querySelector("[data-select-first]");
  if (first) first.textContent = fill(first.dataset.selectFirst, { done: now.done });
}

// In the popup: tell the page that opened it, and close. If it cannot be closed, the person continues here.
function leavePopup() {
  channel?.postMessage("ended");
  // Coming back from Facebook removes the opener (COOP), but a script-opened window may still close itself.
  window.close();
}

channel?.addEventListener("message", () => {
  const address = main()?.dataset.attempt;
  if (address && isOpen(main())) follow(address);
});

// A sync that is running: count up, then show the result.
async function watchReading(part) {
  try {
    const answer = await fetch(part.dataset.reading, { headers: { accept: "application/json" } });
    if (!answer.ok || !part.isConnected) return;
    const connection = await answer.json();
    if (connection.sync.state !== "running") {
      if (!document.querySelector("[data-selection]")) location.reload();
      return;
    }
    const total = part.querySelector("[data-total]");
    if (total) total.textContent = grouped(connection.ad_accounts.total);
    const badge = part.querySelector("[data-pattern]");
    const { done, total: expected } = connection.sync;
    if (badge) badge.lastChild.textContent = fill(badge.dataset.pattern, { done, total: Math.max(expected ?? 0, done) });
  } catch {
    // Offline: try again at the next interval.
  }
  setTimeout(() => watchReading(part), 1500);
}

// The picker: count the selection, search while typing.
function enlivenPicker(form) {
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const button = document.querySelector("[data-use]");
  const before = Number(form.dataset.selected);
  const count = () => {
    const added = boxes.filter((box) => box.checked && !box.defaultChecked).length;
    const removed = boxes.filter((box) => !box.checked && box.defaultChecked).length;
    const now = before + added - removed;
    const words = document.querySelector("[data-selected-words]");
    words.textContent = fill(words.dataset.selectedWords, { n: now });
    const change = document.querySelector("[data-change-words]");
    change.textContent = added + removed === 0 ? "" : fill(change.dataset.changeWords, { added, removed });
    button.classList.toggle("btn-primary", now > 0);
    button.classList.toggle("btn-secondary", now === 0);
    const { useNone, useOne, useMany } = button.dataset;
    button.textContent = now === 0 ? useNone : now === 1 ? useOne : fill(useMany, { n: now });
  };
  let last = null;
  form.addEventListener("click", (event) => {
    const box = event.target.closest("input[type=checkbox]");
    if (!box) return;
    if (event.shiftKey && last && last !== box) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((one) => (one.checked = box.checked));
    }
    last = box;
  });
  form.addEventListener("change", count);
  let isSent = false;
  form.addEventListener("submit", () => (isSent = true));
  addEventListener("beforeunload", (event) => {
    if (!isSent && boxes.some((box) => box.checked !== box.defaultChecked)) event.preventDefault();
  });
  form.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = boxes.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    boxes[at + step]?.focus();
  });
  count();
}

function enlivenSearch(field) {
  let timer;
  const search = () => {
    const boxes = document.querySelectorAll("[data-selection] input[type=checkbox]");
    // With unsaved changes only Enter searches, because they would be lost with the page.
    if ([...boxes].some((box) => box.checked !== box.defaultChecked)) return;
    field.form.requestSubmit();
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 400);
  });
  if (field.value) {
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName)) {
      event.preventDefault();
      field.focus();
    }
  });
}

function enliven() {
  const page = main();
  if (!page) return;
  if ("popup" in page.dataset) return leavePopup();
  if (isOpen(page)) follow(page.dataset.attempt);
  const front = page.querySelector("[data-to-front]");
  if (front && facebookWindow) {
    front.hidden = false;
    front.addEventListener("click", () => facebookWindow.focus());
  }
  for (const time of page.querySelectorAll("time[data-local]")) {
    const at = new Date(time.dateTime);
    time.title = time.textContent;
    time.textContent = at.toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  }
  for (const button of page.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      const word = button.querySelector("[data-copy-word]");
      word.textContent = word.dataset.copyWord;
    });
  }
  for (const part of page.querySelectorAll("[data-reading]")) watchReading(part);
  const selection = page.querySelector("[data-selection]");
  if (selection && document.querySelector("[data-use]")) enlivenPicker(selection);
  const search = page.querySelector("[data-search]");
  if (search) enlivenSearch(search);
}

// Canceling closes the popup too.
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[action$='/cancel']")) facebookWindow?.close();
});

// A menu closes by Escape and by a click elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

// A second click while the first request is on its way is ignored.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 5000);
});

addEventListener("pageshow", (event) => event.persisted && location.reload());
enliven();
