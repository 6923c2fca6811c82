// The laboratory: set up a deep network, and see its activations and gradients in every layer before training.

import { length, observe } from "./network.mjs";
import { drawPanels, short } from "./panels.mjs";
import { choice, mean, mount, slider, std } from "./parts.mjs";
import { TOURS } from "./tours.mjs";

const twoTo = (power) => 2 ** power;
// Each slider's range is on the scale of its position; `value` turns a position into the setting, and `shown` prints it.
const SLIDERS = {
  depth: { label: "Layers:", range: { min: 2, max: 50, step: 1, value: 20 }, value: (at) => at, shown: String },
  width: { label: "Units per layer:", range: { min: 4, max: 7, step: 1, value: 6 }, value: twoTo, shown: String },
  gain: {
    label: "Gain:",
    range: { min: -2, max: 2, step: 0.25, value: 0 },
    value: twoTo, shown: (gain) => gain.toFixed(2),
  },
  batch: { label: "Batch size:", range: { min: 1, max: 7, step: 1, value: 7 }, value: twoTo, shown: String },
};
const CHOICES = {
  activation: ["Activation:", [["tanh", "tanh"], ["sigmoid", "sigmoid"], ["relu", "ReLU"], ["linear", "none"]]],
  norm: ["Norm:", [["batch", "batch"], ["layer", "layer"], ["rms", "RMS"], ["group", "group"], ["none", "none"]]],
  placement: ["The norm comes", [["before", "before the activation"], ["after", "after it"]]],
};
const NAMES = { none: "no norm", batch: "batch norm", layer: "layer norm", rms: "RMS norm", group: "group norm" };
const COLUMNS = ["Layer", "Mean", "Standard deviation", "Saturated", "Similarity", "Gradient", "Step / weights"];


/** Read the setting from the controls. */
function read(figure) {
  const setting = {};
  for (const input of figure.querySelectorAll("input")) {
    const name = input.dataset.setting;
    if (input.type === "range") setting[name] = SLIDERS[name].value(Number(input.value));
    else if (input.checked) setting[name] = input.value;
  }
  return setting;
}

/** Move the controls to a setting, given by names and texts. Unknown names and values out of range change nothing. */
function write(figure, texts) {
  for (const input of figure.querySelectorAll("input")) {
    const text = texts[input.dataset.setting];
    if (text === undefined) continue;
    if (input.type === "radio") input.checked = input.value === text || (input.checked && !valid(input.dataset.setting, text));
    else {
      const at = SLIDERS[input.dataset.setting].value === twoTo ? Math.log2(Number(text)) : Number(text);
      if (at >= Number(input.min) && at <= Number(input.max)) input.value = at;
    }
  }
}

const valid = (name, text) => CHOICES[name][1].some(([value]) => value === text);

/** Describe the observed layers in two sentences. */
function sentence({ depth, norm, placement }, observed) {
  const first = length(observed[0].gradients);
  const last = length(observed[depth - 1].gradients);
  const end = observed[depth - 1];
  const where = norm === "none" ? "" : ` ${placement} the activation`;
  return (
    `With ${NAMES[norm]}${where}, the gradient at layer 1 is ${short(first / last)} times as long as at layer ${depth}. ` +
    `In layer ${depth}, ${Math.round(100 * end.saturated)}% of the activations are saturated, and the mean cosine ` +
    `between two digits is ${end.similarity.toFixed(2)}.`
  );
}

/** Fill the table of all layers, for readers who cannot see the panels. */
function fillTable(table, observed) {
  const rows = observed.map((layer, l) => {
    const numbers = [mean(layer.activations), std(layer.activations), layer.saturated, layer.similarity, length(layer.gradients), layer.update];
    return [l + 1, ...numbers.map(short)];
  });
  const cells = (row, tag) => `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  table.innerHTML = `<thead>${cells(COLUMNS, "th")}</thead><tbody>${rows.map((row) => cells(row, "td")).join("")}</tbody>`;
}

function controls(id) {
  const sliders = Object.entries(SLIDERS).map(([name, { label, range }]) =>
    slider(`${id}-${name}`, label, range).replace("<input", `<input data-setting="${name}"`));
  const choices = Object.entries(CHOICES).map(([name, [legend, options]]) =>
    choice(`${id}-${name}`, legend, options).replaceAll("<input", `<input data-setting="${name}"`));
  const tours = Object.keys(TOURS).map((name) => `<button type="button" data-tour="${name}">${name}</button>`);
  return `
    <div class="control tours"><span>Tours:</span> ${tours.join(" ")} <button type="button" data-tour="">Reset</button></div>
    <p class="told" aria-live="polite" hidden></p>
    ${choices.join("")}
    <div class="sliders">${sliders.join("")}</div>
    <details class="numbers"><summary>The same in numbers</summary>
      <div class="wide"><table></table></div><p class="time"></p></details>`;
}

/** Show a stop of a tour: set the controls, and say what to look at. */
function visit(figure, name, stop) {
  const told = figure.querySelector(".told");
  told.hidden = !name;
  if (name) {
    const { text, setting } = TOURS[name][stop];
    const more = stop + 1 < TOURS[name].length;
    told.innerHTML = `<strong>${name}, ${stop + 1} of ${TOURS[name].length}.</strong> ${text} ` +
      (more ? `<button type="button" data-tour="${name}" data-stop="${stop + 1}">Next</button>` : "");
    write(figure, setting);
  } else {
    for (const input of figure.querySelectorAll("input")) {
      input.value = input.defaultValue;
      input.checked = input.defaultChecked;
    }
  }
  figure.dispatchEvent(new Event("input"));
  if (stop) told.querySelector("button")?.focus();
}

/** Put the setting into the page's address, so that a link leads back to it. */
function remember(setting) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(setting)) query.set(name, name === "gain" ? value.toFixed(3) : value);
  history.replaceState(history.state, "", `?${query}${location.hash}`);
}

function draw(svg, width, figure) {
  if (!figure.dataset.ready) {
    figure.dataset.ready = "yes";
    write(figure, Object.fromEntries(new URLSearchParams(location.search)));
    figure.prepend(...figure.querySelectorAll(".tours, .told"));
    figure.addEventListener("click", ({ target }) => {
      if (target.dataset.tour !== undefined) visit(figure, target.dataset.tour, Number(target.dataset.stop ?? 0));
    });
  }
  return () => {
    const setting = read(figure);
    for (const input of figure.querySelectorAll("input[type=range]")) {
      const { value, shown } = SLIDERS[input.dataset.setting];
      input.parentElement.querySelector(".value").textContent = shown(value(Number(input.value)));
    }
    figure.querySelector("[data-setting=placement]").closest("fieldset").disabled = setting.norm === "none";
    const start = performance.now();
    const observed = observe(setting);
    svg.replaceChildren();
    drawPanels(svg, width, setting, observed);
    const took = performance.now() - start;
    fillTable(figure.querySelector("table"), observed);
    figure.querySelector(".time").textContent = `Computed and drawn in ${took.toFixed(0)} ms, in your browser.`;
    if (figure.dataset.ready === "moved") remember(setting);
    figure.dataset.ready = "moved";
    return sentence(setting, observed);
  };
}

mount("laboratory", "Histograms of activations and of gradients in each layer, and three curves below.", controls, draw);
