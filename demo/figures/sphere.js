// Two unit spheres with one camera, on two canvases. Everything it draws is in `data` and in the
// gallery that gallery.js has put aside; nothing is fetched, and a drag asks the server nothing.
const PICK = 9; // pixels from the pointer within which a point is meant
const STEP = (5 * Math.PI) / 180; // a key press
const views = (globalThis.marginscopeViews ??= new Map()); // by key: camera and selected person
const instances = new WeakMap();

const identity = () => [1, 0, 0, 0, 1, 0, 0, 0, 1];
const product = (a, b) => {
  const c = new Array(9).fill(0);
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++)
      for (let k = 0; k < 3; k++) c[3 * i + j] += a[3 * i + k] * b[3 * k + j];
  return c;
};
const turned = (m, x, y, z) => [
  m[0] * x + m[1] * y + m[2] * z,
  m[3] * x + m[4] * y + m[5] * z,
  m[6] * x + m[7] * y + m[8] * z,
];
const about = (dx, dy) => {
  // A turn to the right by dx and downwards by dy, in radians.
  const [c, s, d, t] = [Math.cos(dx), Math.sin(dx), Math.cos(dy), Math.sin(dy)];
  return product([1, 0, 0, 0, d, -t, 0, t, d], [c, 0, s, 0, 1, 0, -s, 0, c]);
};
const upright = m => {
  // Rounding errors of a thousand drags would shear the spheres: make the rows unit and square.
  const norm = v => { const l = Math.hypot(...v); return v.map(x => x / l); };
  const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const x = norm(m.slice(0, 3));
  const z = norm(cross(x, m.slice(3, 6)));
  return [...x, ...cross(z, x), ...z];
};

function circle(along, start, end, steps = 40) {
  // The shorter great circle from start to end, both unit.
  const dot = Math.min(1, Math.max(-1, start[0] * end[0] + start[1] * end[1] + start[2] * end[2]));
  const angle = Math.acos(dot);
  for (let i = 0; i <= steps; i++) {
    const a = Math.sin((1 - i / steps) * angle), b = Math.sin((i / steps) * angle);
    const s = Math.sin(angle) || 1;
    along(angle ? start.map((v, k) => (a * v + b * end[k]) / s) : start, i);
  }
}

class Spheres {
  constructor(root, key) {
    this.root = root;
    this.stage = root.querySelector('.spheres');
    this.label = root.querySelector('.label');
    this.canvases = [...root.querySelectorAll('canvas')];
    this.view = views.get(key) ?? { camera: identity(), person: null, uploads: null };
    views.set(key, this.view);
    this.hover = null;
    this.projected = [[], []];
    this.observer = new ResizeObserver(() => this.paint());
    this.canvases.forEach((canvas, side) => {
      this.observer.observe(canvas);
      canvas.addEventListener('pointerdown', e => this.down(e, canvas));
      canvas.addEventListener('pointermove', e => this.move(e, canvas, side));
      canvas.addEventListener('pointerup', e => this.up(e, side));
      canvas.addEventListener('pointerleave', () => this.point(null));
    });
    this.stage.addEventListener('keydown', e => this.press(e));
    this.arrived = () => this.update(this.data);
    addEventListener('marginscope-gallery', this.arrived);
  }

  update(data) {
    this.data = data;
    this.gallery = globalThis.marginscopeGalleries?.get(data.gallery);
    if (data.uploads.id !== this.view.uploads) {
      this.view.uploads = data.uploads.id;
      this.view.camera = identity(); // the left photo in front, the right one beside it
    }
    this.stage.setAttribute('aria-label', data.words.alt);
    this.canvases.forEach((canvas, side) => {
      canvas.nextElementSibling.textContent = data.titles[side];
    });
    this.paint();
  }

  down(event, canvas) {
    canvas.setPointerCapture(event.pointerId);
    this.drag = { x: event.clientX, y: event.clientY, far: 0 };
  }

  move(event, canvas, side) {
    if (!this.drag) return this.point(this.nearest(event, side), event);
    const radius = canvas.clientWidth / 2.3;
    const dx = event.clientX - this.drag.x, dy = event.clientY - this.drag.y;
    this.drag = { x: event.clientX, y: event.clientY, far: this.drag.far + Math.hypot(dx, dy) };
    this.turn(dx / radius, dy / radius);
  }

  up(event, side) {
    const still = this.drag && this.drag.far < 4;
    this.drag = null;
    if (!still) return;
    const index = this.nearest(event, side);
    const person = index === null ? null : this.gallery.person[index];
    this.view.person = person === this.view.person ? null : person;
    this.paint();
  }

  press(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === 'Home') this.view.camera = identity();
    else if (event.key === 'Escape') this.view.person = null;
    else if (!ways[event.key]) return;
    event.preventDefault();
    if (ways[event.key]) this.turn(STEP * ways[event.key][0], STEP * ways[event.key][1]);
    else this.paint();
  }

  turn(dx, dy) {
    this.view.camera = upright(product(about(dx, dy), this.view.camera));
    this.point(null);
    this.paint();
  }

  nearest(event, side) {
    const box = this.canvases[side].getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    let best = null, least = PICK * PICK;
    for (const [px, py, index] of this.projected[side]) {
      const far = (px - x) ** 2 + (py - y) ** 2;
      if (far < least) [best, least] = [index, far];
    }
    return best;
  }

  point(index, event) {
    if (index === this.hover) return;
    this.hover = index;
    this.label.hidden = index === null;
    if (index !== null) {
      const { gallery, data } = this, who = gallery.person[index];
      const angles = data.models.map((m, i) => `${data.titles[i]} ${(gallery.own[m][index] / 10).toFixed(1)}°`);
      this.label.textContent = `${gallery.names[who]} ${gallery.number[index]} · ` +
        `${gallery.seen[index] ? data.words.seen : data.words.unseen}\n${data.words.own} ${angles.join(', ')}`;
      const box = this.stage.getBoundingClientRect();
      const left = Math.min(event.clientX - box.left + 14, box.width - 190);
      this.label.style.left = `${Math.max(0, left)}px`;
      this.label.style.top = `${event.clientY - box.top + 14}px`;
    }
    this.paint();
  }

  paint() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = null;
      this.canvases.forEach((_, side) => this.draw(side));
      this.stage.dataset.painted = this.gallery ? this.data.gallery : '';
    });
  }

  draw(side) {
    const canvas = this.canvases[side], { data, gallery } = this;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const c = canvas.getContext('2d', { willReadFrequently: true });
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, width, height);
    const radius = Math.min(width, height) / 2 - 10;
    const ink = getComputedStyle(this.stage).color;
    const model = data.models[side];
    const turn = product(this.view.camera, data.uploads.facing[model] ?? identity());
    const at = v => [width / 2 + radius * v[0], height / 2 - radius * v[1], v[2]];
    const paper = { c, ink, radius, turn, at, side, model, width, height };
    this.projected[side] = [];
    const points = gallery ? this.visible(model, paper) : [];
    this.dots(paper, points.filter(p => p[2] <= 0), 0.22);
    this.grid(paper, false);
    const shade = c.createRadialGradient(width / 2 - radius / 3, height / 2 - radius / 3, radius / 8, width / 2, height / 2, radius);
    shade.addColorStop(0, 'rgba(128, 132, 140, 0.02)');
    shade.addColorStop(1, 'rgba(128, 132, 140, 0.20)');
    c.fillStyle = shade;
    c.beginPath(); c.arc(width / 2, height / 2, radius, 0, 7); c.fill();
    this.grid(paper, true);
    const front = points.filter(p => p[2] > 0);
    this.projected[side] = front.map(p => [p[0], p[1], p[3]]);
    this.dots(paper, front, 0.9);
    this.uploads(paper);
  }

  visible(model, { turn, at }) {
    const { gallery, data } = this, found = [], points = gallery.points[model];
    for (let i = 0; i < gallery.person.length; i++) {
      if (data.parts !== 'both' && (data.parts === 'seen') !== !!gallery.seen[i]) continue;
      const [x, y, z] = at(turned(turn, points[3 * i] / 32767, points[3 * i + 1] / 32767, points[3 * i + 2] / 32767));
      found.push([x, y, z, i]);
    }
    return found;
  }

  dots({ c, model, radius }, points, alpha) {
    const size = Math.max(1.2, Math.min(3, radius / 90));
    const { gallery, data, view } = this;
    const lit = this.hover === null ? view.person : gallery.person[this.hover];
    for (const [x, y, , i] of points) {
      const mine = lit === null || gallery.person[i] === lit;
      c.globalAlpha = mine ? alpha : alpha * 0.16;
      c.fillStyle = data.colour === 'person' ? gallery.colours[gallery.person[i]] : heat(gallery.own[model][i] / 10);
      c.beginPath();
      c.arc(x, y, size * (i === this.hover ? 2.3 : lit !== null && mine ? 1.5 : 1), 0, 7);
      c.fill();
    }
    c.globalAlpha = 1;
  }

  grid({ c, turn, at, ink }, front) {
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

  uploads(paper) {
    const { c, ink, model, turn, at } = paper, { data, gallery } = this;
    const placed = data.uploads.photos.map(photo => photo.places[model]);
    if (!gallery || placed.some(p => !p)) return;
    const points = gallery.points[model];
    const arc = (start, end, width, alpha) => {
      c.lineWidth = width;
      let before = null, middle = null;
      circle((v, i) => {
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
    };
    c.strokeStyle = c.fillStyle = ink;
    for (const place of placed)
      if (place.honest)
        for (const i of place.neighbours)
          arc(place.point, [0, 1, 2].map(k => points[3 * i + k] / 32767), 1, 0.6);
    if (placed.length === 2) {
      const middle = arc(placed[0].point, placed[1].point, 3, 1);
      tag(c, `${data.uploads.angles[model].toFixed(1)}°`, middle[0], middle[1] - 14, ink, data.paper);
    }
    placed.forEach((place, i) => this.mark(paper, place, i));
  }

  mark({ c, ink, turn, at, width, height }, place, i) {
    const [x, y, z] = at(turned(turn, ...place.point));
    c.globalAlpha = z > 0 ? 1 : 0.35;
    c.lineWidth = 3;
    c.strokeStyle = c.fillStyle = ink;
    c.setLineDash(place.honest ? [] : [3, 3]);
    c.beginPath();
    if (i % 2) c.rect(x - 7, y - 7, 14, 14); else c.arc(x, y, 8, 0, 7);
    if (place.honest && i % 2) c.fill();
    c.stroke();
    c.setLineDash([]);
    const image = this.crop(this.data.uploads.photos[i].crop);
    if (image.complete && image.naturalWidth) {
      const left = Math.min(width - 41, Math.max(1, x + (i % 2 ? 14 : -54)));
      const top = Math.min(height - 41, y + 10);
      c.drawImage(image, left, top, 40, 40);
      c.lineWidth = 1;
      c.strokeRect(left, top, 40, 40);
    }
    c.globalAlpha = 1;
  }

  crop(url) {
    this.crops ??= new Map();
    if (!this.crops.has(url)) {
      const image = new Image();
      image.onload = () => this.paint();
      image.src = url;
      if (this.crops.size > 20) this.crops.clear();
      this.crops.set(url, image);
    }
    return this.crops.get(url);
  }

  close() {
    this.observer.disconnect();
    removeEventListener('marginscope-gallery', this.arrived);
  }
}

function heat(angle) {
  // 10 degrees and nearer blue, 70 and farther orange, by way of grey: safe for colour-blind eyes.
  const t = Math.min(1, Math.max(0, (angle - 10) / 60));
  const mix = (a, b, s) => a.map((v, k) => Math.round(v + (b[k] - v) * s));
  const grey = [150, 152, 158];
  return `rgb(${t < 0.5 ? mix([0, 114, 178], grey, 2 * t) : mix(grey, [230, 159, 0], 2 * t - 1)})`;
}

function tag(c, words, x, y, ink, paper) {
  c.font = '600 13px system-ui, sans-serif';
  c.textAlign = 'center';
  c.lineWidth = 4;
  c.strokeStyle = paper;
  c.strokeText(words, x, y);
  c.fillStyle = ink;
  c.fillText(words, x, y);
}

export default function ({ data, parentElement }) {
  let spheres = instances.get(parentElement);
  if (!spheres) {
    spheres = new Spheres(parentElement, data.key);
    instances.set(parentElement, spheres);
  }
  const style = getComputedStyle(parentElement.querySelector('.spheres'));
  data = { ...data, paper: style.getPropertyValue('--st-background-color') || 'white' };
  spheres.update(data);
  return () => { spheres.close(); instances.delete(parentElement); };
}
