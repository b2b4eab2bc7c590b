// Puts the gallery aside for sphere.js, once: an upload then sends its own points and nothing else.
// The faces of the gallery, where this machine has them, come later and by themselves.
const galleries = (globalThis.marginscopeGalleries ??= new Map());
const atlases = (globalThis.marginscopeAtlases ??= new Map());

function bytes(text) {
  return Uint8Array.from(atob(text), c => c.charCodeAt(0));
}

function numbers(Kind, text) {
  // Base64 -> numbers of that kind, as numpy wrote them (little-endian).
  return new Kind(bytes(text).buffer);
}

function unpacked(data) {
  const person = numbers(Uint16Array, data.person), count = person.length;
  const points = numbers(Int16Array, data.points), own = numbers(Int16Array, data.own);
  const centred = numbers(Uint16Array, data.centred), centres = numbers(Int16Array, data.centres);
  const part = (all, size, k) => all.subarray(k * size, (k + 1) * size);
  const byModel = (models, all, size) =>
    Object.fromEntries(models.map((m, k) => [m, part(all, size, k)]));
  return {
    person,
    centred,
    seen: numbers(Uint8Array, data.seen),
    number: numbers(Uint16Array, data.number),
    names: data.names,
    colours: data.colours,
    points: byModel(data.models, points, 3 * count),
    own: byModel(data.models, own, count),
    centres: byModel(data.headed, centres, 3 * centred.length),
  };
}

export default function ({ data }) {
  if (data.atlas && !atlases.has(data.id)) {
    const url = URL.createObjectURL(new Blob([bytes(data.atlas)], { type: 'image/jpeg' }));
    atlases.set(data.id, { url, cell: data.cell, columns: data.columns });
  }
  if (data.person && !galleries.has(data.id)) galleries.set(data.id, unpacked(data));
  dispatchEvent(new Event('marginscope-gallery'));
}
