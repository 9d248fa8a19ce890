// The line to the server: wishes go out as JSON, packets come in with arrays behind their JSON.

const TYPES = { float32: Float32Array, uint8: Uint8Array };

/** Open the line; `heard(packet)` is called with each packet, `closed()` once when the server has gone. */
export function connected({ heard, closed }) {
  const address = new URL("socket", location.href);
  address.protocol = "ws:";
  address.hash = "";
  const socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", (event) => heard(unpacked(event.data)));
  socket.addEventListener("close", closed);
  return {
    wish(what, facts = {}) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ do: what, ...facts }));
    },
  };
}

/** Return what a packet holds: the fields of its JSON, and its arrays by name as { values, shape }. */
export function unpacked(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const { arrays, ...head } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const found = {};
  for (const { name, type, shape, at } of arrays) {
    const count = shape.reduce((product, side) => product * side, 1);
    found[name] = { values: new TYPES[type](buffer, 4 + length + at, count), shape };
  }
  return { ...head, arrays: found };
}

/** Return the rows of an array (N, K) as lists. */
export function rowsOf({ values, shape }) {
  const width = shape[shape.length - 1];
  const row = (place) => [...values.subarray(place * width, (place + 1) * width)];
  return Array.from({ length: values.length / width }, (_, place) => row(place));
}
