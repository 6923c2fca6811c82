// Show which entries share a mean and a standard deviation, in three channels of four images before and after batch norm.

import { MARGIN, choice, mean, mount, slider, svgElement, variance } from "./parts.mjs";

const CHANNELS = ["upright edges", "level edges", "blur"];
const [IMAGES, SIDE, EPS] = [4, 4, 1e-5];
// [image][channel][place, row by row]: the first four digits after three filters with stride 2.
const VOLUME = [
  [
    [0, 41, -24, -17, 10, 9, 26, -45, 18, -18, 38, -38, 8, 15, 13, -36],
    [0, 41, 50, 25, 4, -13, -42, -1, 0, -2, 6, 2, -4, -1, 19, -26],
    [0, 87, 114, 27, 10, 139, 84, 103, 18, 96, 40, 100, 8, 121, 121, 50],
  ],
  [
    [0, 35, -16, -19, 7, 50, -34, -23, 7, 57, -50, -14, 0, 59, -31, -28],
    [0, 11, 52, 9, 7, 42, -2, -7, -7, -35, 4, 4, 0, -7, -1, 4],
    [0, 35, 138, 19, 7, 106, 208, 23, 7, 107, 206, 14, 0, 65, 215, 28],
  ],
  [
    [0, 24, 14, -38, 0, 48, 9, -57, 11, 37, -35, -13, 15, 36, -13, -38],
    [0, 22, 60, 14, 0, -14, -13, -3, 9, 49, -21, -11, -9, -54, 15, 34],
    [0, 30, 152, 38, 0, 88, 197, 57, 11, 125, 161, 13, 15, 150, 185, 76],
  ],
  [
    [8, 28, -30, -6, 12, 35, -42, -5, 0, 17, 18, -35, 0, 21, 26, -47],
    [8, 40, 40, 4, -8, -21, -2, -3, 0, -19, -26, 25, 0, 27, 36, -17],
    [8, 98, 124, 6, 12, 93, 156, 5, 0, 21, 124, 55, 0, 67, 116, 99],
  ],
];
const PLACES = [...Array(SIDE * SIDE).keys()];

/** Return the number of entries that share statistics with `place`, and their mean, std, and 1 / sqrt(var + eps). */
function group(channel, place, perNeuron) {
  const places = perNeuron ? [place] : PLACES;
  const values = VOLUME.flatMap((image) => places.map((p) => image[channel][p]));
  const [center, spread] = [mean(values), variance(values)];
  return { count: values.length, mean: center, std: Math.sqrt(spread), scale: 1 / Math.sqrt(spread + EPS) };
}

/** Return the volume after batch norm without gamma and beta, nested like the input. */
function normalized(perNeuron) {
  const result = VOLUME.map((image) => image.map((map) => [...map]));
  for (const channel of CHANNELS.keys()) {
    for (const place of PLACES) {
      const { mean, scale } = group(channel, place, perNeuron);
      for (const image of result) image[channel][place] = (image[channel][place] - mean) * scale;
    }
  }
  return result;
}

const fixed = (number, digits) => number.toFixed(digits).replace(/^-(?=0\.?0*$)/, "");

function sentence(after, channel, place, perNeuron) {
  const { count, mean, std } = group(channel, place, perNeuron);
  const list = (volume, digits) => volume.map((image) => fixed(image[channel][place], digits)).join(", ");
  const where = `row ${Math.floor(place / SIDE) + 1}, column ${(place % SIDE) + 1}`;
  return (
    `Channel ${CHANNELS[channel]}, ${perNeuron ? "per neuron" : "per channel"}: ${count} values share mean ` +
    `${fixed(mean, 2)} and standard deviation ${fixed(std, 2)}. At ${where} the images hold ${list(VOLUME, 0)} ` +
    `before and ${list(after, 2)} after.`
  );
}

/** Draw one block of maps at (left, top); return its cells, [image][channel][place], and a function to outline entries. */
function drawBlock(svg, left, top, cell, title, choose) {
  const map = cell * SIDE;
  const corner = (image, channel) => [left + image * (map + 6), top + 24 + channel * (map + 26) + 22];
  svgElement(svg, "text", { x: left, y: top + 14, class: "title" }, title);
  CHANNELS.forEach((name, channel) => {
    svgElement(svg, "text", { x: left, y: corner(0, channel)[1] - 6 }, name);
  });
  const cells = VOLUME.map((image, n) => image.map((values, channel) => values.map((_, place) => {
    const [x, y] = corner(n, channel);
    const at = { x: x + (place % SIDE) * cell, y: y + Math.floor(place / SIDE) * cell, width: cell, height: cell };
    const drawn = svgElement(svg, "rect", at);
    drawn.addEventListener("click", () => choose(channel, place));
    return drawn;
  })));
  for (const [n, c] of VOLUME.flatMap((image, n) => CHANNELS.map((_, c) => [n, c]))) {
    const [x, y] = corner(n, c);
    svgElement(svg, "rect", { x: x - 0.5, y: y - 0.5, width: map + 1, height: map + 1, class: "rim" });
  }
  const [frames, marks] = [2, 1.5].map((wide) => VOLUME.map(() =>
    [["edge", wide + 2], ["chosen", wide]].map(([name, strokeWidth]) => {
      const frame = svgElement(svg, "rect", { class: name });
      frame.style.strokeWidth = strokeWidth;
      return frame;
    })));
  const surround = (edged, corner, size) => edged.forEach((frame) => {
    for (const name of ["x", "y"]) frame.setAttribute(name, corner.getAttribute(name));
    for (const name of ["width", "height"]) frame.setAttribute(name, size);
  });
  const show = (volume, channel, place, perNeuron) => {
    const top = Math.max(...volume.flat(2).map(Math.abs));
    volume.flat(2).forEach((value, i) => {
      const drawn = cells.flat(2)[i];
      drawn.setAttribute("class", value < 0 ? "other shade" : "moved shade");
      drawn.style.fillOpacity = Math.abs(value) / top;
    });
    for (const n of VOLUME.keys()) {
      const maps = cells[n][channel];
      surround(frames[n], maps[perNeuron ? place : 0], perNeuron ? cell : map);
      surround(marks[n], maps[place], cell);
    }
  };
  return { height: 24 + CHANNELS.length * (map + 26), show };
}

function draw(svg, width, figure) {
  const wide = width >= 520;
  const block = wide ? (width - 24 - 2 * MARGIN) / 2 : width - 2 * MARGIN;
  const cell = Math.min(20, Math.floor((block - 6 * (IMAGES - 1)) / (IMAGES * SIDE)));
  const place = figure.querySelector("input[type=range]");
  const chosen = (name) => [...figure.querySelectorAll(`input[name$=-${name}]`)];
  const choose = (channel, at) => {
    chosen("channel")[channel].checked = true;
    place.value = at + 1;
    place.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const before = drawBlock(svg, MARGIN, 0, cell, "before", choose);
  const [left, top] = wide ? [MARGIN + block + 24, 0] : [MARGIN, before.height + 12];
  const after = drawBlock(svg, left, top, cell, "after BN", choose);
  svg.setAttribute("viewBox", `0 0 ${width} ${top + after.height}`);
  return () => {
    const channel = chosen("channel").findIndex((input) => input.checked);
    const perNeuron = chosen("statistics")[1].checked;
    const at = Number(place.value) - 1;
    const result = normalized(perNeuron);
    figure.querySelector(".value").textContent = place.value;
    before.show(VOLUME, channel, at, perNeuron);
    after.show(result, channel, at, perNeuron);
    return sentence(result, channel, at, perNeuron);
  };
}

mount(
  "cnn",
  "Maps of four images in three channels, before and after batch norm; a frame surrounds the values that share statistics.",
  (id) =>
    choice(`${id}-channel`, "Channel:", CHANNELS.map((name) => [name, name])) +
    choice(`${id}-statistics`, "Statistics:", [["channel", "per channel"], ["neuron", "per neuron"]]) +
    slider(`${id}-place`, "Place, row by row:", { min: 1, max: PLACES.length, step: 1, value: 7 }),
  draw,
);
