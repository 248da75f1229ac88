// Everything a page does by itself, besides htmx. Each part looks after elements that carry its data attribute; those that few
// pages need are fetched by the pages that do.
import "./csrf.js";
import "./preferences.js";
import "./shortcuts.js";
import "./search.js";
import "./forms.js";
import "./drafts.js";
import "./privacy.js";
import "./idle.js";
import "./dialogs.js";
import "./device.js";
import "./small.js";
import { watch } from "./page.js";

watch("form[data-keep]", () => import("./keep.js"));
watch("[data-reveal]", () => import("./reveal.js"));
watch("[data-countdown]", () => import("./countdown.js"));
watch("input.one-time", () => import("./codes.js"));
watch('form [name="taps"]', () => import("./effort.js"));
