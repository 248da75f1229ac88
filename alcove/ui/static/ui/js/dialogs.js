// data-opens="id" opens that dialog, data-closes closes the one it stands in. Small menus close like menus do.
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    if (!dialog) return;
    // A link leads to the same question as a page of its own; a dialog spares the way. A new tab stays a new tab.
    if (opener.matches("a") && (event.ctrlKey || event.metaKey || event.shiftKey)) return;
    event.preventDefault();
    if (!dialog.open) dialog.showModal();
    return;
  }
  if (event.target.closest?.("[data-closes]")) {
    event.target.closest("dialog")?.close();
    return;
  }
  // A press on the ground beside a side sheet closes it.
  if (event.target.matches?.("dialog.sheet[open]") && event.target === event.target.closest("dialog")) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right;
    if (!inside) event.target.close();
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest?.("details.menu[open]");
  if (!menu) return;
  event.preventDefault();
  menu.open = false;
  menu.querySelector("summary").focus();
});

// A narrow window hides the rail, and its menu with it.
window.addEventListener("resize", () => {
  for (const pop of document.querySelectorAll(".pop:popover-open")) {
    const opener = document.querySelector(`[popovertarget="${pop.id}"]`);
    if (opener && !opener.getClientRects().length) pop.hidePopover();
  }
});
