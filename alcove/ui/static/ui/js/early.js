// Sets the person's choice of colours and density before the first paint, so nothing flashes.
// Only these two words are kept in the browser; nothing about anyone else ever is.
(function () {
  "use strict";
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("alcove.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    if (localStorage.getItem("alcove.density") === "compact") root.dataset.density = "compact";
  } catch {
    // A browser without storage shows the device's own choice.
  }

  // A fade between pages that the browser cuts short is no error worth reporting.
  window.addEventListener("unhandledrejection", (event) => {
    if (event.reason instanceof DOMException && /transition/i.test(event.reason.message)) event.preventDefault();
  });
})();
