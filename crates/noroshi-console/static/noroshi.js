// What makes the console quicker to use. Every page is complete without it.
"use strict";

// `/` goes to the search box, Escape leaves it.
document.addEventListener("keydown", (event) => {
  const box = document.querySelector("[data-search]");
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && box && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === "Escape" && typing && typing === box) {
    box.blur();
  }
});
