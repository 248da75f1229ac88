// data-reveal: the server uncovers a value by POST (and records it); here it is covered again after a while, on leaving
// the tab, and under the privacy screen.
const open = new Map();

function cover(target) {
  const { nodes, button, timer, label } = open.get(target);
  clearTimeout(timer);
  open.delete(target);
  target.replaceChildren(...nodes);
  button.replaceChildren(...label);
  delete button.dataset.shown;
}

function coverAll() {
  for (const target of [...open.keys()]) cover(target);
}

document.addEventListener("htmx:confirm", (event) => {
  const button = event.detail.elt;
  if (!button.dataset?.shown) return;
  event.preventDefault();
  for (const [target, state] of open) if (state.button === button) cover(target);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const button = event.detail.requestConfig?.elt;
  const { target, xhr } = event.detail;
  if (!button?.matches?.("[data-reveal]") || xhr.status >= 300) return;
  if (open.has(target)) cover(target);
  const seconds = Number(button.dataset.revealSeconds) || 30;
  open.set(target, {
    nodes: [...target.cloneNode(true).childNodes],
    label: [...button.cloneNode(true).childNodes],
    button,
    timer: setTimeout(() => open.has(target) && cover(target), seconds * 1000),
  });
  button.textContent = "Hide";
  button.dataset.shown = "yes";
});

document.addEventListener("visibilitychange", () => document.hidden && coverAll());
document.addEventListener("alcove:covered", coverAll);
window.addEventListener("pagehide", coverAll);
