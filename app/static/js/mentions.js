// An @ in a text offers those who may be mentioned; a name that is typed out mentions as well.
// The names stand in the datalist that the field's data-mentions points to.

const NAMED = /(?<![\p{L}\p{N}_])@([^@\n]{0,60})$/u;
const MOST = 8;
let open = null;

// Names that begin with what is typed come before those of which a later word does.
function find(area, typed) {
  const names = [...document.getElementById(area.dataset.mentions)?.options ?? []];
  const rank = (name) => [name.value, ...name.value.split(" ")].findIndex((part) => part.toLowerCase().startsWith(typed));
  return names.filter((name) => rank(name) >= 0).sort((one, other) => rank(one) - rank(other)).slice(0, MOST);
}

function close() {
  if (!open) return;
  open.list.remove();
  open.area.removeAttribute("aria-controls");
  open.area.removeAttribute("aria-activedescendant");
  open = null;
}

function mark(at) {
  const options = [...open.list.children];
  open.at = (at + options.length) % options.length;
  options.forEach((option, number) => option.setAttribute("aria-selected", String(number === open.at)));
  open.area.setAttribute("aria-activedescendant", options[open.at].id);
}

function describe(name, number) {
  const option = document.createElement("li");
  option.id = `mention-${number}`;
  option.setAttribute("role", "option");
  option.dataset.name = name.value;
  option.textContent = name.label && name.label !== name.value ? `${name.value} (${name.label})` : name.value;
  return option;
}

function offer(area) {
  close();
  const typed = area.value.slice(0, area.selectionStart).match(NAMED)?.[1];
  if (typed === undefined || typed !== typed.trimStart()) return;
  const found = find(area, typed.toLowerCase());
  if (!found.length) return;
  const list = document.createElement("ul");
  list.id = "mentions";
  list.className = "mentions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", area.labels[0].textContent);
  list.append(...found.map(describe));
  area.after(list);
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", list.id);
  open = { area, list, start: area.selectionStart - typed.length, at: 0 };
  mark(0);
}

function take(option) {
  const { area, start } = open;
  area.setRangeText(`${option.dataset.name} `, start, area.selectionStart, "end");
  close();
  area.focus();
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("input", (event) => { if (event.target.matches("[data-mentions]")) offer(event.target); });
document.addEventListener("focusout", (event) => { if (event.target === open?.area) close(); });
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest("#mentions > li");
  if (!option) return;
  event.preventDefault();
  take(option);
});

document.addEventListener("keydown", (event) => {
  if (!open || event.target !== open.area || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const acts = {
    ArrowDown: () => mark(open.at + 1),
    ArrowUp: () => mark(open.at - 1),
    Enter: () => take(open.list.children[open.at]),
    Tab: () => take(open.list.children[open.at]),
    Escape: close,
  };
  if (!acts[event.key] || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  acts[event.key]();
}, { capture: true });
