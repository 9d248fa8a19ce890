// What a model is fed with: the latents of some seeds, which came with the page, and what the reader chose.

import { unpackedText } from "ganache/model.js";

/** Return the latents of a seed (images · size floats) by its number. */
export function latentsOf({ images, size, latents }) {
  const all = new Float32Array(unpackedText(latents).buffer);
  return (seed) => all.subarray(seed * images * size, (seed + 1) * images * size);
}

/** Return a model's inputs by name, each { values, dims }. */
export function inputsAt({ inputs, classes, truncation }, latents, wanted) {
  const { images, size } = inputs;
  const given = {
    start: { values: latents(wanted.seed), dims: [images, size] },
    end: { values: latents(wanted.to), dims: [images, size] },
    fraction: { values: Float32Array.of(wanted.fraction), dims: [1] },
  };
  if (classes.length) given.class = { values: oneHot(inputs, classes.length, wanted), dims: [images, classes.length] };
  if (truncation !== null) given.truncation = { values: Float32Array.of(wanted.truncation), dims: [1] };
  return given;
}

function oneHot({ images, classes }, count, { seed, label }) {
  const rows = new Float32Array(images * count);
  for (let image = 0; image < images; image += 1) rows[image * count + (label ?? classes[seed * images + image])] = 1;
  return rows;
}
