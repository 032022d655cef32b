// The obstacle that a draft sounds like: ticked by its button or Alt+Enter, never by itself; a No holds for the draft.
// Refused ones travel in the form as hidden fields "dismissed", and stay in this browser under the draft's address.

const form = document.getElementById("draft");
const place = document.getElementById("suggested-obstacle");
const key = `unstuck:draft:dismissed:${form.getAttribute("action")}`;

const dismissed = new Set(JSON.parse(localStorage.getItem(key) ?? "[]"));
const boxOf = (obstacle) => form.querySelector(`input[name=obstacles][value="${CSS.escape(obstacle)}"]`);
const suggested = () => place.querySelector("[data-suggestion]")?.dataset.suggestion;
const say = (text) => { document.getElementById("announcer").textContent = text; };

function keepDismissed(obstacle) {
  const input = document.createElement("input");
  Object.assign(input, { type: "hidden", name: "dismissed", value: obstacle });
  form.append(input);
}

// Whoever pressed a button that goes away finds the focus where the work goes on.
function clear(next) {
  const had = place.contains(document.activeElement);
  place.replaceChildren();
  if (had) next.focus();
}

function tick() {
  const box = boxOf(suggested());
  if (!box) return;
  box.checked = true;
  clear(box);
  say(`${place.dataset.ticked} ${box.labels[0].querySelector(".choice-text").firstChild.textContent.trim()}`);
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

function dismiss() {
  dismissed.add(suggested());
  localStorage.setItem(key, JSON.stringify([...dismissed]));
  keepDismissed(suggested());
  clear(form.elements.namedItem("situation"));
  say(place.dataset.dismissed);
}

for (const obstacle of dismissed) keepDismissed(obstacle);

// An answer to what was asked before the last click comes too late.
document.addEventListener("htmx:after:swap", () => {
  const obstacle = suggested();
  if (obstacle && (dismissed.has(obstacle) || boxOf(obstacle)?.checked)) place.replaceChildren();
});

place.addEventListener("click", (event) => {
  const button = event.target.closest("[data-suggest]");
  if (button) ({ tick, dismiss })[button.dataset.suggest]();
});

document.addEventListener("keydown", (event) => {
  const meant = event.key === "Enter" && event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (!meant || !suggested() || event.target.closest("a, button, summary, dialog")) return;
  event.preventDefault();
  tick();
});
