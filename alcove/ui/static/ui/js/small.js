// Odds and ends, each a few lines.
import { watch } from "./page.js";

// The current tab is in view on a narrow screen.
watch("[data-tabs]", (tabs) => {
  const current = tabs.querySelector("[aria-current]");
  if (current) tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - current.offsetWidth) / 2;
});

// data-copy="id": the text of that element goes to the clipboard, and the button says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const lines = [...source.querySelectorAll("li")].map((row) => row.textContent.trim());
  const label = button.querySelector("span") ?? button;
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(lines.length ? lines.join("\n") : source.textContent.trim());
    label.textContent = "Copied";
  } catch {
    label.textContent = "Select and copy by hand";
  }
  setTimeout(() => (label.textContent = before), 3000);
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-print]")) window.print();
});

// data-autosubmit: a filter sends its form as soon as it changes.
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-autosubmit]")) event.target.form.requestSubmit();
});

// Trouble that htmx put at the top of the page is read out and brought into view.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "problem") return;
  event.detail.target.focus();
  event.detail.target.scrollIntoView({ block: "start" });
});

// A whole page as an answer to htmx cannot be put into a part of this one; say so in a sentence instead.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if (target?.id !== "problem" || !/<html[\s>]/i.test(xhr.responseText)) return;
  event.detail.shouldSwap = false;
  const sentence = document.createElement("p");
  sentence.textContent = `That did not work (error ${xhr.status}). What you typed is still here; please try again.`;
  target.replaceChildren(sentence);
  target.focus();
});
