// Forms: one press sends once, the button says so after a moment, errors take the focus, and unsaved work is not
// lost by a stray click.
import { watch } from "./page.js";

const dirty = new Set();
let leaving = false;

function busy(form, button) {
  if (form.dataset.busy) return false;
  form.dataset.busy = "yes";
  if (!button) return true;
  const label = button.querySelector("[data-label]") ?? button.querySelector("span:not(.vh)") ?? button;
  const timer = setTimeout(() => {
    button.restore = [...label.childNodes];
    label.textContent = button.dataset.busyText ?? "Saving…";
    button.setAttribute("aria-disabled", "true");
    button.setAttribute("aria-busy", "true");
  }, 200);
  form.calm = () => {
    clearTimeout(timer);
    if (button.restore) label.replaceChildren(...button.restore);
    delete button.restore;
    button.removeAttribute("aria-disabled");
    button.removeAttribute("aria-busy");
  };
  return true;
}

function calm(form) {
  form.calm?.();
  delete form.calm;
  delete form.dataset.busy;
}

function isPost(form) {
  return form instanceof HTMLFormElement && form.method === "post";
}

function guarded(form) {
  return isPost(form) && form.matches(".form") && form.closest(".shell") && !("leave" in form.dataset);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!isPost(form) || event.defaultPrevented || form.method === "dialog") return;
  if (!busy(form, event.submitter)) return event.preventDefault();
  dirty.delete(form);
  leaving = true;
  // The page stays when the answer is a file.
  setTimeout(() => {
    leaving = false;
    calm(form);
  }, "download" in form.dataset ? 2000 : 20000);
});

// htmx sends its own requests and says when they begin and end. A preview of what is being typed is no saving: it neither
// holds up the button nor makes the form clean.
const saves = (event) => isPost(event.detail.elt) && event.detail.requestConfig?.triggeringEvent?.type === "submit";
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!saves(event)) return;
  const form = event.detail.elt;
  calm(form);
  busy(form, event.detail.requestConfig.triggeringEvent.submitter);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (!saves(event)) return;
  const form = event.detail.elt;
  calm(form);
  if (event.detail.successful) dirty.delete(form);
});

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form && guarded(form)) dirty.add(form);
});
window.addEventListener("beforeunload", (event) => {
  const open = [...dirty].some((form) => form.isConnected && !form.dataset.kept);
  if (open && !leaving && !document.documentElement.dataset.locking) event.preventDefault();
});
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-busy]").forEach(calm));

watch("[data-focus]", (summary) => summary.focus());

document.addEventListener("click", (event) => {
  const link = event.target.closest?.('.errors a[href^="#"]');
  if (link) {
    const place = document.getElementById(link.hash.slice(1));
    const field = place?.matches("fieldset") ? place.querySelector("input") : place;
    if (!field) return;
    event.preventDefault();
    field.focus();
    return;
  }
  const show = event.target.closest?.("[data-show-password]");
  if (!show) return;
  const field = document.getElementById(show.getAttribute("aria-controls"));
  const shown = field.type === "text";
  field.type = shown ? "password" : "text";
  show.setAttribute("aria-pressed", String(!shown));
  show.firstChild.textContent = shown ? "Show" : "Hide";
});
// A password is never sent or stored as plain text of an ordinary field.
document.addEventListener("submit", (event) => {
  for (const button of event.target.querySelectorAll('[data-show-password][aria-pressed="true"]')) button.click();
}, true);
