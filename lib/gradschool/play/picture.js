// The picture of a playground: an image with alt text, a status line that is spoken, a pointer that is reported.
// It also mends its neighbors, the core controls of ipywidgets: sliders without a name, keys that reach the notebook.

const TYPING = /^(.|Enter|Delete|Backspace|Arrow(Up|Down|Left|Right)|Home|End|Page(Up|Down))$/u;

function nameControls(figure) {
  for (const handle of figure.querySelectorAll(".widget-slider .noUi-handle")) {
    const box = handle.closest(".widget-slider");
    const name = box.querySelector(".widget-label")?.textContent.trim();
    const readout = box.querySelector(".widget-readout");
    const value = readout?.textContent.trim();
    if (name && handle.getAttribute("aria-label") !== name) handle.setAttribute("aria-label", name);
    if (value && handle.getAttribute("aria-valuetext") !== value) handle.setAttribute("aria-valuetext", value);
    if (readout && !readout.hasAttribute("aria-label")) {
      readout.setAttribute("role", "textbox");
      readout.setAttribute("aria-label", `${name}: type a value`);
    }
  }
  for (const label of figure.querySelectorAll('.widget-label[title="null"]')) label.removeAttribute("title");
}

function adoptFigure(figure, model) {
  if (figure.dataset.adopted) return;
  figure.dataset.adopted = "yes";
  figure.setAttribute("role", "group");
  figure.setAttribute("aria-label", model.get("title"));
  // JupyterLab would take letters typed on a slider for its shortcuts: "b" inserts a cell
  figure.addEventListener("keydown", (event) => {
    const chord = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    if (!chord && TYPING.test(event.key)) event.stopPropagation();
  });
  let asked = false;
  const ask = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; nameControls(figure); });
  };
  new MutationObserver(ask).observe(figure, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["aria-valuetext"],
  });
  ask();
}

function reportPointer(image, model) {
  let gesture = Date.now();
  let start = null;
  const place = (event) => {
    const box = image.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const report = (at, down) => {
    model.set("pointer", { gesture, start, at, down });
    model.save_changes();                                // ipywidgets keeps one message under way and merges the rest
  };
  image.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    image.setPointerCapture(event.pointerId);
    gesture += 1;
    start = place(event);
    report(start, true);
  });
  image.addEventListener("pointermove", (event) => { if (start) report(place(event), true); });
  const end = (event) => { if (start) { report(place(event), false); start = null; } };
  image.addEventListener("pointerup", end);
  image.addEventListener("pointercancel", end);
}

function render({ model, el, signal }) {
  el.classList.add("gs-picture");
  const image = document.createElement("img");
  const status = document.createElement("p");
  const error = document.createElement("p");
  image.draggable = false;
  image.style.width = `${model.get("width")}px`;
  status.className = "gs-status";
  status.setAttribute("role", "status");
  error.className = "gs-error";
  error.setAttribute("role", "alert");
  el.append(image, error, status);

  let url = null;
  const paint = () => {
    const old = url;
    url = URL.createObjectURL(new Blob([model.get("png")], { type: "image/png" }));
    image.src = url;                                     // the old picture stays until the new one is decoded
    if (old) URL.revokeObjectURL(old);
  };
  const tell = () => {
    image.alt = model.get("alt");
    if (status.textContent !== model.get("status")) status.textContent = model.get("status");
    error.textContent = model.get("error");
    error.hidden = !model.get("error");
  };
  const listen = (names, action) => names.forEach((name) => model.on(`change:${name}`, action));
  listen(["png"], paint);
  listen(["alt", "status", "error"], tell);
  paint();
  tell();

  if (model.get("follows_pointer")) {
    el.classList.add("gs-pointer");
    reportPointer(image, model);
  }
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  if (ratio > 1 && model.get("pixel_ratio") !== ratio) {
    model.set("pixel_ratio", ratio);
    model.save_changes();
  }
  // the figure around us and the still picture before us appear in the page after this function returns
  let tries = 0;
  const settle = () => {
    const figure = el.closest(".gradschool-figure");
    if (!figure || !el.isConnected) {
      if ((tries += 1) < 600) requestAnimationFrame(settle);
      return;
    }
    adoptFigure(figure, model);
    for (const still of document.querySelectorAll(`[data-still="${model.get("still")}"]`)) {
      (still.closest(".jp-OutputArea-child, .output_area") ?? still).style.display = "none";
    }
  };
  settle();

  return () => {
    model.off("change:png", paint);
    for (const name of ["alt", "status", "error"]) model.off(`change:${name}`, tell);
    if (url) URL.revokeObjectURL(url);
  };
}

export default { render };
