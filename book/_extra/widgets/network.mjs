// A deep network before training: one forward and one backward pass for the first digits, with any norm.
// bnref/experiments/laboratory.py computes the same numbers.

import { IMAGES, LABELS } from "./digits.mjs";

const [PIXELS, CLASSES, GROUPS, EPS, RATE] = [64, 10, 4, 1e-5, 0.1];

/** Each activation function, its slope as a function of its output, and the largest slope. */
const ACTIVATIONS = {
  sigmoid: { apply: (z) => 1 / (1 + Math.exp(-z)), slope: (h) => h * (1 - h), steepest: 0.25 },
  tanh: { apply: Math.tanh, slope: (h) => 1 - h * h, steepest: 1 },
  relu: { apply: (z) => (z > 0 ? z : 0), slope: (h) => (h > 0 ? 1 : 0), steepest: 1 },
  linear: { apply: (z) => z, slope: () => 1, steepest: 1 },
};

let drawn = new Float64Array(0);

/** Return at least `count` numbers in [0, 1), always the same ones, from the generator mulberry32 with seed 1. */
function randomNumbers(count) {
  if (drawn.length < count) {
    drawn = Float64Array.from({ length: count }, (_, i) => {
      const state = (1 + Math.imul(i + 1, 0x6d2b79f5)) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    });
  }
  return drawn;
}

/** Draw the weights of all layers, (inputs, outputs) each, evenly between two limits. The last layer has gain 1. */
function drawWeights({ depth, width, gain }) {
  const sizes = [PIXELS, ...new Array(depth).fill(width), CLASSES];
  const total = sizes.slice(1).reduce((sum, size, i) => sum + size * sizes[i], 0);
  const numbers = randomNumbers(total);
  let start = 0;
  return sizes.slice(1).map((outputs, i) => {
    const scale = (i < depth ? gain : 1) * Math.sqrt(3 / sizes[i]);
    const part = numbers.subarray(start, (start += sizes[i] * outputs));
    return part.map((number) => (2 * number - 1) * scale);
  });
}

/** Return the product of `a` (rows, inner) and `b` (inner, columns), where `rows` is even. */
function multiply(a, b, rows, inner, columns) {
  const product = new Float64Array(rows * columns);
  const tiled = columns - (columns % 4);
  for (let i = 0; i < rows; i += 2) {
    const [top, below] = [i * inner, (i + 1) * inner];
    // Eight sums at a time: each number that is read serves several of them.
    for (let j = 0; j < tiled; j += 4) {
      let [s0, s1, s2, s3, t0, t1, t2, t3] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let k = 0, at = j; k < inner; k++, at += columns) {
        const s = a[top + k];
        const t = a[below + k];
        s0 += s * b[at];
        s1 += s * b[at + 1];
        s2 += s * b[at + 2];
        s3 += s * b[at + 3];
        t0 += t * b[at];
        t1 += t * b[at + 1];
        t2 += t * b[at + 2];
        t3 += t * b[at + 3];
      }
      const [out, next] = [i * columns + j, (i + 1) * columns + j];
      product[out] = s0;
      product[out + 1] = s1;
      product[out + 2] = s2;
      product[out + 3] = s3;
      product[next] = t0;
      product[next + 1] = t1;
      product[next + 2] = t2;
      product[next + 3] = t3;
    }
    for (let j = tiled; j < columns; j++) {
      for (let k = 0; k < inner; k++) {
        product[i * columns + j] += a[top + k] * b[k * columns + j];
        product[(i + 1) * columns + j] += a[below + k] * b[k * columns + j];
      }
    }
  }
  return product;
}

/** Return the transpose of `a` (rows, columns). */
function transpose(a, rows, columns) {
  const turned = new Float64Array(a.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) turned[j * rows + i] = a[i * columns + j];
  return turned;
}

/** List the sets of values that share a mean, as [first index, distance to the next value, number of values]. */
function sets(norm, rows, columns) {
  if (norm === "batch") return Array.from({ length: columns }, (_, j) => [j, columns, rows]);
  const size = norm === "group" ? columns / GROUPS : columns;
  return Array.from({ length: (rows * columns) / size }, (_, i) => [i * size, 1, size]);
}

/** Normalize `x` (rows, columns). Return the result and `back`, which turns the gradient by it into that by `x`. */
function normalize(x, norm, rows, columns) {
  if (norm === "none") return { y: x, back: (dy) => dy };
  const parts = sets(norm, rows, columns);
  const [y, scales] = [new Float64Array(x.length), new Float64Array(parts.length)];
  parts.forEach(([first, step, count], s) => {
    const end = first + step * count;
    let [mean, square] = [0, 0];
    if (norm !== "rms") for (let i = first; i < end; i += step) mean += x[i] / count;
    for (let i = first; i < end; i += step) square += (x[i] - mean) ** 2 / count;
    scales[s] = 1 / Math.sqrt(square + EPS);
    for (let i = first; i < end; i += step) y[i] = (x[i] - mean) * scales[s];
  });
  const back = (dy) => {
    const dx = new Float64Array(x.length);
    parts.forEach(([first, step, count], s) => {
      const end = first + step * count;
      let [mean, along] = [0, 0]; // the parts of dy along (1, ..., 1) and along y
      for (let i = first; i < end; i += step) {
        if (norm !== "rms") mean += dy[i] / count;
        along += (dy[i] * y[i]) / count;
      }
      for (let i = first; i < end; i += step) dx[i] = scales[s] * (dy[i] - mean - along * y[i]);
    });
    return dx;
  };
  return { y, back };
}

/** Send `input` through one layer: weights, activation function, and norm before or after it. */
function forward(input, weights, inputs, setting) {
  const { width, batch, norm, placement } = setting;
  const { apply } = ACTIVATIONS[setting.activation];
  const z = multiply(input, weights, batch, inputs, width);
  const early = normalize(z, placement === "before" ? norm : "none", batch, width);
  const activated = early.y.map(apply);
  const late = normalize(activated, placement === "after" ? norm : "none", batch, width);
  return { input, weights, inputs, activated, output: late.y, early, late };
}

/** Return the gradients of the loss by the weights and by the input of a layer, from the gradient by its output. */
function backward(gradient, layer, { width, batch, activation }) {
  const { slope } = ACTIVATIONS[activation];
  const { input, inputs, weights, activated, early, late } = layer;
  const dz = late.back(gradient).slice();
  for (let i = 0; i < dz.length; i++) dz[i] *= slope(activated[i]);
  const behind = early.back(dz);
  return {
    byWeights: multiply(transpose(input, batch, inputs), behind, inputs, batch, width),
    byInput: multiply(behind, transpose(weights, inputs, width), batch, width, inputs),
  };
}

/** Return the gradient of the mean cross-entropy by the scores (batch, 10). */
function lossGradient(scores, batch) {
  const gradient = new Float64Array(scores.length);
  for (let i = 0; i < batch; i++) {
    const row = scores.subarray(i * CLASSES, (i + 1) * CLASSES);
    const top = Math.max(...row);
    const shares = row.map((score) => Math.exp(score - top));
    const total = shares.reduce((sum, share) => sum + share);
    shares.forEach((share, k) => (gradient[i * CLASSES + k] = (share / total - (k === LABELS[i])) / batch));
  }
  return gradient;
}

/** Return the length of a vector. */
export function length(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}

/** Return the mean cosine between two different rows of `h` (rows, columns). */
function similarity(h, rows, columns) {
  const sum = new Float64Array(columns);
  let own = 0;
  for (let i = 0; i < rows; i++) {
    const row = h.subarray(i * columns, (i + 1) * columns);
    const size = length(row);
    if (size === 0) continue;
    for (let j = 0; j < columns; j++) sum[j] += row[j] / size;
    own += 1;
  }
  return (length(sum) ** 2 - own) / (rows * (rows - 1));
}

/**
 * Observe every hidden layer of the network: its activations, the gradient of the loss by them, the share of
 * activations whose slope is below a tenth of the steepest, the mean cosine between two digits, and the length of a
 * step of gradient descent at the rate 0.1 relative to the length of the weights.
 */
export function observe(setting) {
  const { depth, width, batch } = setting;
  const weights = drawWeights(setting);
  const layers = [];
  let h = IMAGES.subarray(0, batch * PIXELS);
  for (let l = 0; l < depth; l++) {
    layers.push(forward(h, weights[l], l ? width : PIXELS, setting));
    h = layers[l].output;
  }
  const scores = multiply(h, weights[depth], batch, width, CLASSES);
  let gradient = multiply(lossGradient(scores, batch), transpose(weights[depth], width, CLASSES), batch, CLASSES, width);
  const { slope, steepest } = ACTIVATIONS[setting.activation];
  const observed = new Array(depth);
  for (let l = depth - 1; l >= 0; l--) {
    const { byWeights, byInput } = backward(gradient, layers[l], setting);
    let flat = 0;
    for (const value of layers[l].activated) flat += slope(value) < steepest / 10;
    observed[l] = {
      activations: layers[l].output,
      gradients: gradient,
      saturated: flat / layers[l].activated.length,
      similarity: similarity(layers[l].output, batch, width),
      update: (RATE * length(byWeights)) / length(layers[l].weights),
    };
    gradient = byInput;
  }
  return observed;
}
