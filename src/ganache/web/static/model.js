// A model of ONNX in this page: onnxruntime-web, its program and the model come with the page, as text.

/** Return a function from inputs by name, each { values, dims }, to the images { values, dims }. */
export async function openModel({ script, code, model }) {
  const ort = await import(`data:text/javascript;base64,${script}`);
  ort.env.wasm.wasmBinary = await unpacked(code);
  ort.env.wasm.numThreads = 1; // several would need headers that a file has not
  ort.env.logLevel = "error";
  const bytes = new Uint8Array(await unpacked(model));
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  return async (inputs) => {
    const tensorOf = ({ values, dims }) => new ort.Tensor("float32", values, dims);
    const tensors = Object.entries(inputs).map(([name, input]) => [name, tensorOf(input)]);
    const { images } = await session.run(Object.fromEntries(tensors));
    return { values: images.data, dims: images.dims };
  };
}

/** Return the bytes of a text in base64. */
export function unpackedText(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place += 1) bytes[place] = letters.charCodeAt(place);
  return bytes;
}

async function unpacked(text) {
  const stream = new Blob([unpackedText(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}
