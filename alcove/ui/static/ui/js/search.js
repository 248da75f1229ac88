// The search box: a combobox whose suggestions the server draws. Names go there by POST, never in an address.
const form = document.querySelector("[data-search]");

if (form) {
  const input = form.querySelector('[role="combobox"]');
  const panel = form.querySelector(".found");
  const status = form.querySelector("[data-search-status]");
  const options = () => [...panel.querySelectorAll('[role="option"]')];
  const active = () => panel.querySelector('[aria-selected="true"]');

  const open = (yes) => {
    panel.hidden = !yes;
    input.setAttribute("aria-expanded", String(yes));
    if (!yes) select(null);
  };

  const select = (option) => {
    active()?.setAttribute("aria-selected", "false");
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  };

  const move = (step) => {
    const all = options();
    if (!all.length) return;
    const at = all.indexOf(active());
    select(all[at === -1 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length]);
  };

  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (panel.hidden && options().length) open(true);
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !panel.hidden && active()) {
      event.preventDefault();
      active().click();
    } else if (event.key === "Escape" && !panel.hidden) {
      event.preventDefault();
      open(false);
    } else if (event.key === "Escape") {
      input.value = "";
    }
  });

  input.addEventListener("focus", () => open(Boolean(input.value && options().length)));
  document.addEventListener("pointerdown", (event) => {
    if (!form.contains(event.target)) open(false);
  });
  form.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !form.contains(event.relatedTarget)) open(false);
  });

  // An emptied box asks nothing and shows nothing.
  input.addEventListener("htmx:confirm", (event) => {
    if (input.value.trim()) return;
    event.preventDefault();
    open(false);
  });
  panel.addEventListener("htmx:afterSwap", () => {
    if (document.activeElement !== input || !input.value.trim()) return open(false);
    const count = options().length;
    status.textContent = count === 1 ? "1 suggestion" : `${count} suggestions`;
    open(true);
  });
}
