// Templates follow the obstacles that are ticked, and go into the situation at the press of a button.

const form = document.getElementById("draft");
const place = document.getElementById("templates");

function follow() {
  for (const template of place.querySelectorAll("[data-template]")) {
    template.hidden = !form.querySelector(`input[name=obstacles][value="${CSS.escape(template.dataset.template)}"]`)?.checked;
  }
}

for (const button of place.querySelectorAll("[data-insert]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const situation = form.elements.namedItem("situation");
    const text = button.closest("[data-template]").querySelector(".prose").textContent;
    situation.value = [situation.value.trimEnd(), text.trim()].filter(Boolean).join("\n\n");
    situation.focus();
    situation.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

form.addEventListener("input", follow);
follow();
