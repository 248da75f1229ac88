// Every change htmx asks for carries the token of the page.

/** The page's token, or an empty string. */
export function token() {
  return document.querySelector('meta[name="csrf"]')?.content ?? "";
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token();
});
