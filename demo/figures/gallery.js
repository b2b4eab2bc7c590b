// Puts the gallery aside for sphere.js, once: an upload then sends its own points and nothing else.
const galleries = (globalThis.marginscopeGalleries ??= new Map());

function numbers(Kind, text) {
  // Base64 -> numbers of that kind, as numpy wrote them (little-endian).
  return new Kind(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
}

export default function ({ data }) {
  if (!galleries.has(data.id)) {
    const person = numbers(Uint16Array, data.person), count = person.length;
    const points = numbers(Int16Array, data.points), own = numbers(Int16Array, data.own);
    const part = (all, size, k) => all.subarray(k * size, (k + 1) * size);
    galleries.set(data.id, {
      person,
      seen: numbers(Uint8Array, data.seen),
      number: numbers(Uint16Array, data.number),
      names: data.names,
      colours: data.colours,
      points: Object.fromEntries(data.models.map((m, k) => [m, part(points, 3 * count, k)])),
      own: Object.fromEntries(data.models.map((m, k) => [m, part(own, count, k)])),
    });
  }
  dispatchEvent(new Event('marginscope-gallery'));
}
