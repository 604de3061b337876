// Makes the pages smoother where scripts run; everything works without it. Text comes from data attributes of the page.
// Nothing here moves the focus, closes a menu or loads a page unless the person asked for it.

const channel = "BroadcastChannel" in window ? new BroadcastChannel("metaads-connect") : null;
const main = () => document.getElementById("main");
let facebookWindow = null;
let following = null;
// Forms whose request is on its way.
let sent = new WeakSet();

const isHandheld = () =>
  matchMedia("(max-width: 767px)").matches || (matchMedia("(pointer: coarse)").matches && !matchMedia("(any-pointer: fine)").matches);
const isInApp = () => /FBAN|FBAV|Instagram|Line\/|MicroMessenger|; wv\)/.test(navigator.userAgent);
const isFinal = (status) => status >= 400 && status < 500 && status !== 429;
const announce = (words) => (document.getElementById("live").textContent = words ?? "");

// Connecting: the popup opens inside the click, else the browser blocks it. If it does not open, the form is submitted in
// this tab.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-connect]");
  if (!form || isHandheld() || isInApp()) return;
  if (sent.has(form)) return event.preventDefault();
  const opened = window.open("about:blank", "metaads-connect", "popup,width=600,height=740");
  if (!opened) return;
  event.preventDefault();
  sent.add(form);
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
    sent.delete(form);
    form.submit();
  }
});

// Another page of ours, ready to be shown; null if it redirects elsewhere or is not there. Throws if it may be there later.
async function load(address, signal) {
  const answer = await fetch(address, { signal });
  if (answer.redirected || isFinal(answer.status)) return null;
  if (!answer.ok) throw new Error("not now");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  prepare(page);
  return page.getElementById("main") ? page : null;
}

// What identifies an element among its siblings. An entry of a list is what it leads to.
function key(element) {
  const names = ["id", "href", "action", "name", "aria-label", "data-live"];
  if (element.matches("button, [type=checkbox], [type=radio]")) names.push("value");
  const inner = element.localName === "li" && element.querySelector("a[href], form[action], [type=checkbox]");
  return [element.localName, element.classList[0], ...names.map((name) => element.getAttribute(name)), inner ? key(inner) : ""].join();
}

// Turns an element into a fresh one. What is in both stays, with its focus, what was typed, and open menus.
function patch(old, fresh) {
  const isOwn = (name) => name === "open" && old.localName === "details";
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !isOwn(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && !isOwn(name)) old.setAttribute(name, value);
  let next = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const match = counterpart(next, child);
    if (match) next = removeUntil(next, match).nextSibling;
    if (!match) old.insertBefore(child, next);
    else if (match.nodeType === Node.ELEMENT_NODE) patch(match, child);
    else if (match.data !== child.data) match.data = child.data;
  }
  removeUntil(next, null);
}

function counterpart(next, child) {
  if (child.nodeType !== Node.ELEMENT_NODE) return next?.nodeType === child.nodeType ? next : null;
  const wanted = key(child);
  while (next && !(next.nodeType === Node.ELEMENT_NODE && key(next) === wanted)) next = next.nextSibling;
  return next;
}

function removeUntil(next, end) {
  while (next !== end) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
  return end;
}

// Brings the parts that change by themselves up to date, and nothing else: cards do not change places under the pointer.
function update(page) {
  const focused = document.activeElement;
  const around = focused.closest("[data-live]");
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
    if (fresh) patch(part, fresh);
  }
  document.body.className = page.body.className;
  if (around && !focused.isConnected) (around.querySelector("h1, h2 a") ?? main().querySelector("h1"))?.focus({ preventScroll: true });
}

// Shows another page's content in place, so that the reference to the popup is kept.
async function show(address, isNew) {
  const page = await load(address);
  if (!page) return location.assign(address);
  const [old, fresh] = [main(), page.getElementById("main")];
  const heading = (part) => part.querySelector("h1")?.textContent;
  const isSame = !isNew && heading(old) === heading(fresh);
  const focused = document.activeElement;
  const isReading = isNew || focused === document.body || old.contains(focused);
  if (isSame) patch(old, fresh);
  else old.replaceWith(fresh);
  update(page);
  document.title = page.title;
  if (isNew) history.pushState({ attempt: address }, "", address);
  if (!isReading) announce(isSame ? "" : heading(main()));
  else if (!isSame || !focused.isConnected) main().querySelector("h1")?.focus();
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
      if (isFinal(answer.status)) return location.reload();
      if (!answer.ok) throw new Error("not now");
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
  if (first) first.textContent = now.done === 1 ? first.dataset.selectOne : fill(first.dataset.selectFirst, { done: now.done });
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

// A sync that is running: count up, then show the result in place.
const watched = new WeakSet();
function watch(part) {
  if (watched.has(part)) return;
  watched.add(part);
  const look = async () => {
    try {
      const answer = await fetch(part.dataset.reading, { headers: { accept: "application/json" } });
      if (isFinal(answer.status)) return;
      if (answer.ok) {
        const connection = await answer.json();
        if (!part.isConnected) return;
        if (connection.sync.state === "running") countSync(part, connection);
        else if (await showSynced(part)) return;
      }
    } catch {
      // Offline: try again at the next interval.
    }
    setTimeout(look, 1500);
  };
  look();
}

function countSync(part, connection) {
  const total = part.querySelector("[data-total]");
  if (total) total.textContent = grouped(connection.ad_accounts.total);
  const badge = document.querySelector(`[data-live="${CSS.escape(connection.id)}"] [data-pattern]`);
  const { done, total: expected } = connection.sync;
  if (badge) badge.lastChild.textContent = fill(badge.dataset.pattern, { done, total: Math.max(expected ?? 0, done) });
}

// Whether the end is shown now; a sync may have started again meanwhile.
async function showSynced(part) {
  if (document.querySelector("[data-selection]")) {
    // Somebody is selecting: the rows stay where they are, and a link shows the new ones.
    for (const words of part.querySelectorAll("[data-synced]")) words.textContent = words.dataset.synced;
    return true;
  }
  const words = part.dataset.syncedWords;
  const page = await load(location.href);
  if (!page) return true;
  if (!part.closest("[data-live]")) patch(main(), page.getElementById("main"));
  update(page);
  if (part.isConnected && "reading" in part.dataset) return false;
  announce(words);
  enliven();
  return true;
}

// The picker: count the selection.
const boxes = () => [...document.querySelectorAll("[data-selection] input[type=checkbox]")];
const hasChanges = () => boxes().some((box) => box.checked !== box.defaultChecked);
let lastBox = null;
let isSaving = false;

function count() {
  const [form, button] = [document.querySelector("[data-selection]"), document.querySelector("[data-use]")];
  if (!form || !button) return;
  const changed = boxes().filter((box) => box.checked !== box.defaultChecked);
  const added = changed.filter((box) => box.checked).length;
  const removed = changed.length - added;
  const now = Number(form.dataset.selected) + added - removed;
  const words = document.querySelector("[data-selected-words]");
  words.textContent = fill(words.dataset.selectedWords, { n: now });
  const change = document.querySelector("[data-change-words]");
  change.textContent = added + removed === 0 ? "" : fill(change.dataset.changeWords, { added, removed });
  button.classList.toggle("btn-primary", now > 0);
  button.classList.toggle("btn-secondary", now === 0);
  const { useNone, useOne, useMany } = button.dataset;
  button.textContent = now === 0 ? useNone : now === 1 ? useOne : fill(useMany, { n: now });
}

document.addEventListener("click", (event) => {
  const box = event.target.closest("[data-selection] input[type=checkbox]");
  if (!box) return;
  if (event.shiftKey && lastBox && lastBox !== box) {
    const all = boxes();
    const [from, to] = [all.indexOf(lastBox), all.indexOf(box)].sort((a, b) => a - b);
    if (from >= 0) all.slice(from, to + 1).forEach((one) => (one.checked = box.checked));
  }
  lastBox = box;
});
document.addEventListener("change", (event) => event.target.closest("[data-selection]") && count());
document.addEventListener("submit", (event) => (isSaving ||= event.target.matches("[data-selection]")));
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.matches?.("[data-selection] input[type=checkbox]")) return;
  event.preventDefault();
  const all = boxes();
  all[all.indexOf(event.target) + step]?.focus();
});

const guardSelection = (event) => !isSaving && hasChanges() && event.preventDefault();

// Searching: the results are replaced in place, so that the field keeps the focus, and their number is read out.
let searching = null;
let searchTimer;

async function search(form) {
  searching?.abort();
  searching = new AbortController();
  const address = `${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`;
  try {
    const page = await load(address, searching.signal);
    const results = page?.querySelector("[data-results]");
    if (!results) return form.submit();
    if (hasChanges()) return;
    document.querySelector("[data-results]").replaceWith(results);
    update(page);
    history.replaceState(history.state, "", address);
    count();
  } catch (error) {
    if (error.name !== "AbortError") form.submit();
  }
}

function searchSoon(event) {
  if (!event.target.matches("[data-search]")) return;
  clearTimeout(searchTimer);
  // With unsaved changes only Enter searches, because they would be lost with the rows.
  if (!event.isComposing && !hasChanges()) searchTimer = setTimeout(search, 250, event.target.form);
}
document.addEventListener("input", searchSoon);
document.addEventListener("compositionend", searchSoon);
document.addEventListener("submit", (event) => {
  if (!event.target.querySelector("[data-search]") || hasChanges()) return;
  event.preventDefault();
  clearTimeout(searchTimer);
  search(event.target);
});
document.addEventListener("keydown", (event) => {
  const field = document.querySelector("[data-search]");
  if (!field || event.key !== "/" || /INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName)) return;
  event.preventDefault();
  field.focus();
});

// What only scripts can show: times in the reader's zone, and buttons that need a script.
function prepare(page) {
  for (const time of page.querySelectorAll("time[data-local]")) {
    const at = new Date(time.dateTime);
    time.title = time.textContent;
    time.textContent = at.toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  }
  for (const button of page.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  for (const button of page.querySelectorAll("[data-to-front]")) button.hidden = !facebookWindow;
}

document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-to-front]")) return facebookWindow?.focus();
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  const word = button.querySelector("[data-copy-word]");
  announce((word.textContent = word.dataset.copyWord));
});

// Starts what goes on by itself. May run again for what is already going on.
function enliven() {
  const page = main();
  if (!page) return;
  if ("popup" in page.dataset) return leavePopup();
  if (isOpen(page)) follow(page.dataset.attempt);
  for (const part of page.querySelectorAll("[data-reading]")) watch(part);
  if (page.querySelector("[data-selection]")) addEventListener("beforeunload", guardSelection);
  count();
}

// The page that answers a form starts at what is wrong, or at what was done. `autofocus` alone does not where the address
// has a fragment.
function focusAnswer() {
  const answer = main()?.querySelector("[aria-invalid='true']") ?? main()?.querySelector("[autofocus]");
  if (document.activeElement === document.body) answer?.focus();
}

// Canceling closes the popup too.
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[action$='/cancel']")) facebookWindow?.close();
});

// A menu closes by Escape, by a click elsewhere, and when the focus goes elsewhere, which it might cover.
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
}
document.addEventListener("click", closeMenus);
document.addEventListener("focusin", closeMenus);

// A second click while the first request is on its way is ignored.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (sent.has(form)) return event.preventDefault();
  sent.add(form);
  setTimeout(() => sent.delete(form), 5000);
});

// Back from the browser's memory: bring the page up to date, or leave it if the session has ended.
addEventListener("pageshow", async (event) => {
  if (!event.persisted) return;
  sent = new WeakSet();
  isSaving = false;
  const page = await load(location.href).catch(() => null);
  if (!page) return location.reload();
  patch(main(), page.getElementById("main"));
  update(page);
  enliven();
});

prepare(document);
enliven();
focusAnswer();
