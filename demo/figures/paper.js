// How one sphere is drawn on one canvas. A paper is {c, ink, ground, radius, turn, at, side, model,
// width, height, boxes}: the 2-D context, the colours of text and page, the sphere's radius in pixels,
// its rotation, the way from unit vectors to pixels, and the boxes that text has taken already.
const SIZES = { small: 0.65, medium: 1, large: 1.6 };

function paperOf(canvas, { ink, ground, turn, side, model }) {
  const ratio = Math.min(2, devicePixelRatio || 1);
  const width = canvas.clientWidth, height = canvas.clientHeight;
  const size = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  const c = canvas.getContext('2d', { willReadFrequently: true });
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  const radius = Math.min(width, height) / 2 - 16; // room for a mark on the rim
  const at = v => [width / 2 + radius * v[0], height / 2 - radius * v[1], v[2]];
  return { c, ink, ground, radius, turn, at, side, model, width, height, boxes: [] };
}

function ball({ c, width, height, radius }) {
  // The sphere itself: what is behind it looks paler.
  const shade = c.createRadialGradient(
    width / 2 - radius / 3, height / 2 - radius / 3, radius / 8, width / 2, height / 2, radius);
  shade.addColorStop(0, 'rgba(128, 132, 140, 0.02)');
  shade.addColorStop(1, 'rgba(128, 132, 140, 0.20)');
  c.fillStyle = shade;
  c.beginPath(); c.arc(width / 2, height / 2, radius, 0, 7); c.fill();
}

function meridians({ c, turn, at, ink }, front) {
  c.strokeStyle = ink;
  c.lineWidth = 0.7;
  c.globalAlpha = front ? 0.22 : 0.1;
  const line = place => {
    c.beginPath();
    let open = false;
    for (let k = 0; k <= 72; k++) {
      const [x, y, z] = at(turned(turn, ...place((k * Math.PI) / 36)));
      if (z > 0 !== front) { open = false; continue; }
      open ? c.lineTo(x, y) : c.moveTo(x, y);
      open = true;
    }
    c.stroke();
  };
  for (let i = 0; i < 6; i++) {
    const b = (i * Math.PI) / 6;
    line(t => [Math.sin(t) * Math.cos(b), Math.cos(t), Math.sin(t) * Math.sin(b)]);
  }
  for (const h of [-0.866, -0.5, 0, 0.5, 0.866]) {
    const r = Math.sqrt(1 - h * h);
    line(t => [r * Math.cos(t), h, r * Math.sin(t)]);
  }
  c.globalAlpha = 1;
}

function onCircle(along, start, end, steps = 40) {
  // The shorter great circle from start to end, both unit.
  const dot = Math.min(1, Math.max(-1, start[0] * end[0] + start[1] * end[1] + start[2] * end[2]));
  const angle = Math.acos(dot), s = Math.sin(angle) || 1;
  for (let i = 0; i <= steps; i++) {
    const a = Math.sin((1 - i / steps) * angle) / s, b = Math.sin((i / steps) * angle) / s;
    along(angle ? start.map((v, k) => a * v + b * end[k]) : start, i);
  }
}

function arc({ c, turn, at }, start, end, width, alpha) {
  // Draws a great circle, paler behind the sphere; returns where its middle is.
  let before = null, middle = null;
  c.lineWidth = width;
  onCircle((v, i) => {
    const p = at(turned(turn, ...v));
    if (i === 20) middle = p;
    if (before) {
      c.globalAlpha = p[2] > 0 ? alpha : alpha * 0.3;
      c.beginPath(); c.moveTo(before[0], before[1]); c.lineTo(p[0], p[1]); c.stroke();
    }
    before = p;
  }, start, end);
  c.globalAlpha = 1;
  return middle;
}

function tag(paper, words, x, y, { size = 13, weight = 600, always = false, colour } = {}) {
  // Text with a rim of the page's colour, where it covers no other; whether it was drawn.
  const { c, ink, ground, boxes } = paper;
  c.font = `${weight} ${size}px system-ui, sans-serif`;
  const half = c.measureText(words).width / 2 + 3;
  const box = [x - half, y - size, x + half, y + 4];
  if (!always && boxes.some(other => overlap(box, other))) return false;
  boxes.push(box);
  c.textAlign = 'center';
  c.lineJoin = 'round';
  c.lineWidth = 4;
  c.strokeStyle = ground;
  c.strokeText(words, x, y);
  c.fillStyle = colour ?? ink;
  c.fillText(words, x, y);
  return true;
}

function mark({ c, ink, ground, turn, at }, photo, place) {
  // A photo's place: a ring, a square or a number, hollow and dashed where the place is not honest;
  // around it an arc as long as the place is certain.
  const [x, y, z] = at(turned(turn, ...place.point)), size = 8;
  c.globalAlpha = z > 0 ? 1 : 0.35;
  c.strokeStyle = ink;
  c.lineWidth = 1.5;
  c.beginPath(); c.arc(x, y, size + 6, -Math.PI / 2, 2 * Math.PI * place.certainty - Math.PI / 2); c.stroke();
  c.lineWidth = 3;
  c.setLineDash(place.honest ? [] : [3, 3]);
  c.beginPath();
  if (photo.label === '□') c.rect(x - size + 1, y - size + 1, 2 * size - 2, 2 * size - 2);
  else c.arc(x, y, size, 0, 7);
  c.fillStyle = photo.label === '○' ? ground : ink;
  if (place.honest) c.fill();
  c.stroke();
  c.setLineDash([]);
  if (!'○□'.includes(photo.label)) {
    c.fillStyle = place.honest ? ground : ink;
    c.font = '700 10px system-ui, sans-serif';
    c.textAlign = 'center';
    c.fillText(photo.label, x, y + 3.5);
  }
  c.globalAlpha = 1;
}

function boxOf({ turn, at }, place, half = 14) {
  const [x, y] = at(turned(turn, ...place.point));
  return [x - half, y - half, x + half, y + half];
}

function portrait({ c, ink, turn, at, width, height, boxes }, photo, place, crop) {
  // The face beside its mark, at the first of four corners where it covers nothing.
  if (!crop.complete || !crop.naturalWidth) return;
  const [x, y, z] = at(turned(turn, ...place.point)), side = 40;
  const corners = [[-58, 10], [18, 10], [-58, -50], [18, -50]];
  if (photo.label === '□') corners.unshift(corners.splice(1, 1)[0]);
  for (const [dx, dy] of corners) {
    const left = Math.min(width - side - 1, Math.max(1, x + dx));
    const top = Math.min(height - side - 1, Math.max(1, y + dy));
    const box = [left, top, left + side, top + side];
    if (boxes.some(other => overlap(box, other))) continue;
    boxes.push(box);
    c.globalAlpha = z > 0 ? 1 : 0.35;
    c.drawImage(crop, left, top, side, side);
    c.strokeStyle = ink;
    c.lineWidth = 1;
    c.strokeRect(left, top, side, side);
    c.globalAlpha = 1;
    return;
  }
}

function overlap(a, b) {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

function wrapped(c, words, width) {
  // Words in lines that are no wider than that.
  const lines = [''];
  for (const word of words.split(' ')) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (c.measureText(longer).width > width) lines.push(word); else lines[lines.length - 1] = longer;
  }
  return lines;
}

function heat(angle) {
  // 10 degrees and nearer blue, 70 and farther orange, by way of grey: safe for colour-blind eyes.
  const t = Math.min(1, Math.max(0, (angle - 10) / 60));
  const mix = (a, b, s) => a.map((v, k) => Math.round(v + (b[k] - v) * s));
  const grey = [150, 152, 158];
  return `rgb(${t < 0.5 ? mix([0, 114, 178], grey, 2 * t) : mix(grey, [230, 159, 0], 2 * t - 1)})`;
}
