// <form data-autosave="URL"> posts itself there while someone writes, and says so in its [data-autosave-status].
// The server answers 2xx when it has the draft. Two headers may come along: `Unstuck-Version` becomes the value of
// the field "version", `Unstuck-Location` the address of this page, so that a reload finds the draft.
// A copy stays in this browser until the server has it, so that a lost connection loses nothing. It is kept under
// the URL, or under `data-autosave-as` while the draft has no place of its own.

const PAUSE = 1000;
const LONGEST_WAIT = 30000;
const PREFIX = "unstuck:draft:";

class Refused extends Error {}

class Autosave {
  constructor(form) {
    this.form = form;
    this.status = form.querySelector("[data-autosave-status]");
    this.wait = PAUSE;
    form.addEventListener("input", () => this.changed());
    form.addEventListener("submit", (event) => this.submit(event));
    window.addEventListener("online", () => this.pending && this.save());
    window.addEventListener("pagehide", () => this.leave());
    this.restore();
  }

  get key() {
    return PREFIX + (this.form.dataset.autosaveAs ?? this.form.dataset.autosave);
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
    const typed = [...new FormData(this.form)].filter(([name, value]) => typeof value === "string" && name !== "version");
    localStorage.setItem(this.key, JSON.stringify(typed));
    this.schedule();
  }

  schedule() {
    clearTimeout(this.timer);
    if (!this.closed) this.timer = setTimeout(() => this.save(), this.wait);
  }

  async post(options) {
    const body = new URLSearchParams(new FormData(this.form));
    const answer = await fetch(this.form.dataset.autosave, { method: "POST", body, redirect: "error", ...options });
    if (answer.status >= 500) throw new Error(`the draft was answered with ${answer.status}`);
    if (!answer.ok) throw new Refused();
    this.take(answer.headers);
  }

  take(headers) {
    const version = this.form.elements.namedItem("version");
    if (version && headers.has("Unstuck-Version")) version.value = headers.get("Unstuck-Version");
    localStorage.removeItem(this.key);
    if (headers.has("Unstuck-Location")) {
      history.replaceState(null, "", headers.get("Unstuck-Location"));
      delete this.form.dataset.autosaveAs;
    }
  }

  async save() {
    if (this.saving) return this.schedule();
    this.saving = this.store();
    await this.saving;
    this.saving = null;
  }

  async store() {
    this.pending = false;
    this.say("saving");
    try {
      await this.post({ signal: AbortSignal.timeout(15000) });
      this.wait = PAUSE;
      this.say("saved");
      if (this.pending) this.changed();
    } catch (error) {
      this.pending = true;
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
      this.say(error instanceof Refused ? "refused" : "failed");
      if (!(error instanceof Refused)) this.schedule();
    }
  }

  // A save under way goes first: otherwise it would look as if somebody else had saved meanwhile.
  async submit(event) {
    this.close();
    if (!this.saving) return;
    event.preventDefault();
    await this.saving;
    this.saving = null;
    this.form.requestSubmit(event.submitter);
  }

  // The form is sent as a whole: what it holds is the server's to keep or to show again.
  close() {
    this.closed = true;
    clearTimeout(this.timer);
    if (navigator.onLine) localStorage.removeItem(this.key);
  }

  // A draft without a place is not sent on leaving: its copy comes back on the next visit, and there would be two.
  leave() {
    if (this.pending && !this.closed && !this.form.dataset.autosaveAs) this.post({ keepalive: true }).catch(() => {});
  }

  restore() {
    const copy = JSON.parse(localStorage.getItem(this.key) ?? "null");
    if (!copy) return;
    for (const input of this.form.elements) {
      if (!input.name || input.type === "hidden" || input.type === "submit") continue;
      const values = copy.filter(([name]) => name === input.name).map(([, value]) => value);
      if (input.type === "checkbox" || input.type === "radio") input.checked = values.includes(input.value);
      else if (values.length) input.value = values[0];
    }
    this.say("restored");
    this.form.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

document.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("form[data-autosave]")) new Autosave(form);
});

// On a shared computer nothing stays behind.
document.querySelector("form[data-sign-out]")?.addEventListener("submit", () => {
  for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX)) localStorage.removeItem(name);
});
