// Keys that work anywhere: "/" and Ctrl-K go to the search box, Ctrl-Alt-L locks. "/" can be switched off, because
// people who speak to their computer trip over single letters.
import { lock } from "./idle.js";
import { preference } from "./preferences.js";

function typing(element) {
  return element.isContentEditable || /^(input|textarea|select)$/i.test(element.tagName);
}

function search() {
  const box = document.getElementById("find-input");
  if (!box || document.querySelector("dialog[open]")) return false;
  box.focus();
  box.select();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const control = event.ctrlKey || event.metaKey;
  if (control && event.altKey && event.code === "KeyL") {
    event.preventDefault();
    lock();
  } else if (control && !event.altKey && event.key.toLowerCase() === "k") {
    if (search()) event.preventDefault();
  } else if (event.key === "/" && !control && !event.altKey && !typing(event.target) && preference("keys") === "on") {
    if (search()) event.preventDefault();
  }
});
