// data-look="…/look.css?ink=…": the preview of colours that are typed. The style sheet is one of ours, never made here.
import { watch } from "../../ui/js/page.js";

watch("[data-look]", (part) => {
  const sheet = document.getElementById("preview-look");
  if (sheet && sheet.getAttribute("href") !== part.dataset.look) sheet.setAttribute("href", part.dataset.look);
});
