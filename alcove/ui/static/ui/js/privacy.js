// The privacy screen: a modal dialog over everything, so all below it is inert, and hidden as well. Esc twice, or the
// button. It keeps what was typed; locking is what ends a session.
const root = document.documentElement;
const cover = document.getElementById("cover");
const TWICE = 600;
let escaped = -Infinity;

/** Whether the page is covered now. */
export function covered() {
  return root.classList.contains("covered");
}

/** Cover the page. */
export function hide() {
  if (!cover || covered()) return;
  root.classList.add("covered");
  document.dispatchEvent(new CustomEvent("alcove:covered"));
  cover.showModal();
}

/** Show the page again. */
export function show() {
  if (!covered()) return;
  cover.close();
  root.classList.remove("covered");
}

if (cover) {
  cover.addEventListener("cancel", (event) => event.preventDefault());
  // However it came to be closed, what it hid is shown only by intent.
  cover.addEventListener("close", () => covered() && cover.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (covered()) event.preventDefault();
    if (event.repeat) return;
    const now = performance.now();
    if (now - escaped > TWICE) {
      escaped = now;
      return;
    }
    escaped = -Infinity;
    if (covered()) show();
    else hide();
  }, true);
  // Where strangers walk past, looking elsewhere covers the page at once (<html data-in-public>).
  if ("inPublic" in root.dataset) {
    window.addEventListener("blur", hide);
    document.addEventListener("visibilitychange", () => document.hidden && hide());
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-privacy]")) hide();
    else if (event.target.closest?.("[data-uncover]")) show();
  });
}
