// A field for a one-time code takes what people paste: "123 456", a line end behind it, a non-breaking space.
document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.matches?.("input.one-time") || event.isComposing) return;
  const bare = field.value.replace(/\s+/g, "");
  if (bare !== field.value) field.value = bare;
});
