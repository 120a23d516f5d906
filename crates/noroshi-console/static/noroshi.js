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

// A page that shows what is now hears that something changed, asks for itself and puts the new
// parts in place of the old ones. A part that somebody is at stays as it is.
const stream = document.querySelector("[data-stream]");
if (stream) {
  let mark = stream.dataset.mark;
  let waits = false;
  const source = new EventSource(stream.dataset.stream);
  const over = () => {
    source.close();
    stream.textContent = stream.dataset.ended;
  };
  const isHere = (part) => part.contains(document.activeElement)
    || [...part.querySelectorAll("input:not([type=hidden]), textarea")].some((field) => field.value);
  const renew = (page) => {
    if (!page || !page.querySelector("[data-stream]")) {
      over();
      return;
    }
    mark = page.querySelector("[data-stream]").dataset.mark;
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.querySelector(`[data-live="${part.dataset.live}"]`);
      if (!fresh) {
        part.remove();
      } else if (!isHere(part)) {
        part.replaceWith(document.adoptNode(fresh));
      }
    }
  };
  source.addEventListener("mark", (event) => {
    if (event.data === mark || waits) {
      return;
    }
    waits = true;
    const request = new XMLHttpRequest();
    request.open("GET", location.pathname + location.search);
    request.responseType = "document";
    request.setRequestHeader("x-noroshi-live", "1");
    request.addEventListener("loadend", () => {
      waits = false;
      if (request.status === 200) {
        renew(request.response);
      }
    });
    request.send();
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) {
      over();
    }
  });
}
