// What a page does beyond plain HTML. Everything works without it, only slower.

const $ = (selector, root = document) => root.querySelector(selector);
const root = document.documentElement;
const shown = (element) => element.checkVisibility();

// Parts that htmx swaps in: what names itself with data-announce is said aloud, a summary of errors takes the focus.
function greetNewParts() {
  for (const part of document.querySelectorAll("[data-announce]:not([data-seen])")) {
    part.dataset.seen = "";
    $("#announcer").textContent = part.dataset.announce;
  }
  const problem = $("[data-focus]:not([data-seen])");
  if (problem) {
    problem.dataset.seen = "";
    problem.focus();
  }
  readyDrawers();
  for (const input of document.querySelectorAll("[data-limit]:not([data-counted])")) countCharacters(input);
}

// How much room is left, shown from four fifths of the limit on.
function countCharacters(input) {
  const limit = Number(input.dataset.limit);
  const note = document.createElement("span");
  note.className = "field-count";
  note.hidden = true;
  input.dataset.counted = "";
  input.after(note);
  const show = () => {
    const used = input.value.length;
    note.hidden = used < limit * 0.8;
    note.textContent = `${used} / ${limit}`;
    note.classList.toggle("over", used > limit);
  };
  input.addEventListener("input", show);
  show();
}

// Beside the form on a wide screen, at the lower edge and closed on a narrow one.
const wide = matchMedia("(min-width: 80rem)");

function readyDrawers() {
  for (const drawer of document.querySelectorAll("[data-drawer]")) {
    if (!drawer.classList.contains("drawer-ready")) drawer.open = wide.matches;
    drawer.classList.add("drawer-ready");
    const total = $("[data-drawer-total]", drawer);
    total.textContent = $("[data-drawer-count]", drawer)?.dataset.drawerCount ?? "";
    total.hidden = !Number(total.textContent);
  }
}

wide.addEventListener("change", () => { for (const drawer of document.querySelectorAll("[data-drawer]")) drawer.open = wide.matches; });

// The connection failed: say so where it is seen and heard; answers with an error bring their own page.
function tellOffline() {
  const toast = $("#offline");
  toast.hidden = false;
  $("#announcer").textContent = toast.textContent;
  setTimeout(() => { toast.hidden = true; }, 8000);
}

// Forms
const sent = new WeakSet();

function ask(form, submitter) {
  const dialog = $("#confirm");
  $("#confirm-question").textContent = form.dataset.confirm;
  dialog.returnValue = "";
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    form.dataset.confirmed = "";
    form.requestSubmit(submitter);
    delete form.dataset.confirmed;
  }, { once: true });
  dialog.showModal();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !("confirmed" in form.dataset)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(form, event.submitter);
    return;
  }
  sent.add(form);
}, { capture: true });

const isDirty = (form) => form.method === "post" && !sent.has(form) && !form.matches("[data-autosave], [data-submit-on-change]")
  && [...form.querySelectorAll("textarea")].some((area) => area.value !== area.defaultValue);

window.addEventListener("beforeunload", (event) => {
  if ([...document.forms].some(isDirty)) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-theme-choice]")) root.dataset.theme = event.target.value;
  event.target.closest("form[data-submit-on-change]")?.requestSubmit();
});

// Menus close when the work goes on elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  if (event.target.closest("[data-open-help]")) $("#help").showModal();
});

// Keyboard. Single keys can be switched off in the help, for those whom they hinder.
const keysOff = () => localStorage.getItem("unstuck:keys") === "off";

function moveRow(step) {
  const rows = [...document.querySelectorAll("a[data-row]")].filter(shown);
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
  rows[next]?.focus();
  rows[next]?.scrollIntoView({ block: "nearest" });
}

function goSearch() {
  const field = [...document.querySelectorAll("input[type=search]")].find(shown);
  if (field) field.focus();
  else $("a[rel=search]")?.click();
}

const keys = {
  "/": goSearch,
  "n": () => $("[data-new]")?.click(),
  "j": () => moveRow(1),
  "k": () => moveRow(-1),
  "?": () => $("#help").showModal(),
};

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.key === "Escape") {
    const menu = target.closest?.("[data-menu][open]");
    if (menu) { menu.open = false; $("summary", menu).focus(); }
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && target.form) {
    event.preventDefault();
    target.form.requestSubmit($("button.button-primary[type=submit]", target.form));
    return;
  }
  const busy = event.ctrlKey || event.metaKey || event.altKey || target.isContentEditable || $("dialog[open]")
    || target.matches?.("textarea, select, input:not([type=checkbox], [type=radio])");
  if (busy || !keys[event.key] || keysOff()) return;
  event.preventDefault();
  keys[event.key]();
});

const keysSwitch = $("[data-keys]");
if (keysSwitch) {
  keysSwitch.checked = !keysOff();
  keysSwitch.addEventListener("change", () => localStorage.setItem("unstuck:keys", keysSwitch.checked ? "on" : "off"));
}
for (const element of document.querySelectorAll("[data-open-help]")) element.hidden = false;
for (const button of document.querySelectorAll("[data-submit-on-change] [type=submit]")) button.hidden = true;

document.addEventListener("htmx:after:swap", greetNewParts);
document.addEventListener("htmx:error", tellOffline);
greetNewParts();

// Without a connection there is a page that says so, and goes when the server answers again.
if (root.dataset.serviceWorker) navigator.serviceWorker?.register(root.dataset.serviceWorker);

async function reloadWhenBack(address) {
  const answer = await fetch(address).catch(() => null);
  if (answer?.ok) location.reload();
  else setTimeout(reloadWhenBack, 3000, address);
}

const waiting = $("[data-reload-when]");
if (waiting && location.pathname !== waiting.dataset.standsAt) reloadWhenBack(waiting.dataset.reloadWhen);
