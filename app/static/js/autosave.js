// <form data-autosave="URL"> posts itself there while someone writes, and says so in its [data-autosave-status].
// The server answers 2xx when it has the draft; `Unstuck-Version` in the answer becomes the value of the field "version",
// and `Unstuck-Location` the address of the page, so that a reload finds what was saved. `data-autosave-as` names the copy of a
// form whose URL is another one each time.
// A copy stays in this browser until the server has it, so that a lost connection loses nothing.

const PAUSE = 1000;
const LONGEST_WAIT = 30000;
const key = (form) => `unstuck:draft:${form.dataset.autosaveAs ?? form.dataset.autosave}`;
const entries = (form) => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "version");

class Autosave {
  constructor(form) {
    this.form = form;
    this.status = form.querySelector("[data-autosave-status]");
    this.wait = PAUSE;
    this.restore();
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    form.addEventListener("submit", (event) => this.submit(event));
    window.addEventListener("online", () => this.pending && this.save());
    window.addEventListener("pagehide", () => this.pending && !this.closed && this.post({ keepalive: true }));
  }

  say(kind) {
    if (!this.status) return;
    const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }).format();
    this.status.dataset.kind = kind;
    this.status.textContent = this.status.dataset[kind] + (kind === "saved" ? ` ${clock}` : "");
  }

  changed() {
    this.pending = true;
    this.wait = PAUSE;
    localStorage.setItem(key(this.form), JSON.stringify(entries(this.form)));
    this.schedule();
  }

  schedule() {
    clearTimeout(this.timer);
    if (!this.closed) this.timer = setTimeout(() => this.save(), this.wait);
  }

  post(options) {
    return fetch(this.form.dataset.autosave, { method: "POST", body: new URLSearchParams(new FormData(this.form)), ...options });
  }

  async save() {
    if (this.saving) return this.schedule();
    this.saving = true;
    this.pending = false;
    this.say("saving");
    try {
      const answer = await this.post({ signal: AbortSignal.timeout(15000) });
      if (!answer.ok) throw new Error(`the draft was answered with ${answer.status}`);
      this.keepVersion(answer.headers.get("Unstuck-Version"));
      this.keepPlace(answer.headers.get("Unstuck-Location"));
      this.wait = PAUSE;
      if (!this.pending) localStorage.removeItem(key(this.form));
      this.say("saved");
    } catch {
      this.pending = true;
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
      this.say("failed");
      this.schedule();
    } finally {
      this.saving = false;
      this.afterSave?.();
    }
  }

  // A save under way gives the form its new version first; without it the form would look like somebody else's older text.
  submit(event) {
    clearTimeout(this.timer);
    if (this.saving) {
      event.preventDefault();
      this.afterSave = () => this.form.requestSubmit(event.submitter);
      return;
    }
    this.closed = true;
    localStorage.removeItem(key(this.form));
  }

  keepVersion(version) {
    const field = this.form.elements.namedItem("version");
    if (version && field) field.value = version;
  }

  keepPlace(address) {
    if (address && address !== location.pathname) history.replaceState(history.state, "", address);
  }

  restore() {
    const copy = JSON.parse(localStorage.getItem(key(this.form)) ?? "null");
    if (!copy) return;
    for (const input of this.form.elements) {
      if (!input.name || input.type === "hidden" || input.type === "submit") continue;
      const values = copy.filter(([name]) => name === input.name).map(([, value]) => value);
      if (input.type === "checkbox" || input.type === "radio") input.checked = values.includes(input.value);
      else if (values.length) input.value = values[0];
    }
    this.pending = true;
    this.say("restored");
    this.schedule();
  }
}

for (const form of document.querySelectorAll("form[data-autosave]")) new Autosave(form);

// On a shared computer nothing stays behind.
document.querySelector("form[data-sign-out]")?.addEventListener("submit", () => {
  for (const name of Object.keys(localStorage)) if (name.startsWith("unstuck:draft:")) localStorage.removeItem(name);
});
