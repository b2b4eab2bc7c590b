// Two unit spheres with one camera, on two canvases. Everything it draws is in `data` and in the
// gallery that gallery.js has put aside; nothing is fetched, and a drag asks the server nothing.
const TURNING = 600; // milliseconds from one pair of photos to the next
const views = (globalThis.marginscopeViews ??= new Map()); // by key: camera, lit person, photos
const instances = new WeakMap();

class Spheres extends Turnable {
  constructor(root, data, tell) {
    super();
    this.stage = root.querySelector('.spheres');
    this.label = root.querySelector('.label');
    this.face = root.querySelector('.label i');
    this.says = root.querySelector('.label span');
    this.save = root.querySelector('.save');
    this.canvases = [...root.querySelectorAll('canvas')];
    this.view = views.get(data.key) ?? { camera: identity(), person: null, photos: null, picked: -1 };
    views.set(data.key, this.view);
    this.tell = tell;
    this.hover = null;
    this.shown = [[], []]; // of each sphere's front: [x, y, index]
    this.observer = new ResizeObserver(() => this.paint());
    this.canvases.forEach(canvas => this.observer.observe(canvas));
    this.listen();
    this.stage.addEventListener('keydown', e => this.press(e));
    this.save?.addEventListener('click', () => this.savePicture());
    this.arrived = () => this.update(this.data);
    addEventListener('marginscope-gallery', this.arrived);
  }

  update(data) {
    this.turnTo(data);
    this.data = data;
    this.gallery = globalThis.marginscopeGalleries?.get(data.gallery);
    if (this.gallery && data.picked !== this.view.picked) {
      this.view.picked = data.picked;
      this.view.person = data.picked >= 0 ? this.gallery.person[data.picked] : null;
    }
    this.people = data.people.length ? new Set(data.people) : null;
    this.stage.setAttribute('aria-label', data.words.alt);
    if (this.save) this.save.textContent = data.words.save;
    this.canvases.forEach((canvas, side) => {
      canvas.nextElementSibling.textContent = data.titles[side];
    });
    this.paint();
  }

  turnTo(data) {
    // Where other photos are looked at, both spheres turn until the left one is in the middle.
    if (data.uploads.id === this.view.photos) return;
    const before = this.view.photos !== null && this.data ? this.data.models.map(m => this.turnOf(m)) : null;
    this.view.photos = data.uploads.id;
    this.view.camera = identity();
    if (before && !matchMedia('(prefers-reduced-motion: reduce)').matches)
      this.turning = { before, start: performance.now() };
  }

  turnOf(model, data = this.data) {
    return product(this.view.camera, data.uploads.facing[model] ?? identity());
  }

  down(event, canvas) {
    this.turning = null;
    super.down(event, canvas);
  }

  pick(index) {
    // One photo of the gallery: its person is lit on both spheres, and the page shows it.
    index = index === null || index === this.view.picked ? -1 : index;
    this.view.picked = index;
    this.view.person = index < 0 ? null : this.gallery.person[index];
    this.data.picked = index;
    this.tell(index);
    this.paint();
  }

  press(event) {
    if (event.target !== this.stage) return;
    if (event.key === 'Home') this.view.camera = identity();
    else if (event.key === 'Escape') this.pick(null);
    else if (event.key === 'Enter') this.pick(this.middle());
    else if (!this.arrow(event)) return;
    event.preventDefault();
    this.paint();
  }

  middle() {
    // The point that is nearest the middle of the left sphere.
    const { clientWidth, clientHeight } = this.canvases[0];
    const far = ([x, y]) => (x - clientWidth / 2) ** 2 + (y - clientHeight / 2) ** 2;
    return this.shown[0].reduce((a, b) => (a && far(a) <= far(b) ? a : b), null)?.[2] ?? null;
  }

  turn(dx, dy) {
    this.view.camera = upright(product(about(dx, dy), this.view.camera));
    this.point(null);
    this.paint();
  }

  point(index, event) {
    if (index === this.hover) return;
    this.hover = index;
    this.label.hidden = index === null;
    if (index !== null) {
      this.says.textContent = this.told(index);
      this.portrait(index);
      const box = this.stage.getBoundingClientRect();
      const left = Math.min(event.clientX - box.left + 14, box.width - 210);
      this.label.style.left = `${Math.max(0, left)}px`;
      this.label.style.top = `${event.clientY - box.top + 14}px`;
    }
    this.paint();
  }

  told(index) {
    // Who a point is, its true angles to its person's mean and to the photos it is a neighbour of.
    const { gallery, data } = this, who = gallery.person[index];
    const lines = [
      `${gallery.names[who]} ${gallery.number[index]} · ${gallery.seen[index] ? data.words.seen : data.words.unseen}`,
      `${data.words.own} ` + data.models.map((m, i) => `${data.titles[i]} ${(gallery.own[m][index] / 10).toFixed(1)}°`).join(', '),
    ];
    data.models.forEach((model, side) => data.uploads.photos.forEach(photo => {
      const k = photo.places[model]?.neighbours.indexOf(index) ?? -1;
      if (k >= 0) lines.push(`${data.titles[side]} ${photo.label} ${photo.places[model].angles[k].toFixed(1)}°`);
    }));
    return lines.join('\n');
  }

  portrait(index) {
    // The face from the atlas, where this machine has the photos.
    const atlas = globalThis.marginscopeAtlases?.get(this.data.gallery);
    this.face.hidden = !atlas;
    if (!atlas) return;
    const { url, cell, columns } = atlas;
    this.face.style.cssText = `width:${cell}px;height:${cell}px;background-image:url(${url});` +
      `background-position:${-cell * (index % columns)}px ${-cell * Math.floor(index / columns)}px`;
  }

  paint() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(now => {
      this.asked = null;
      const share = this.turning ? Math.min(1, Math.max(0, now - this.turning.start) / TURNING) : 1;
      this.canvases.forEach((_, side) => this.draw(side, this.rotation(side, share)));
      this.stage.dataset.painted = this.gallery ? this.data.gallery : '';
      this.stage.dataset.photos = this.data.uploads.id;
      if (share === 1) this.turning = null; else this.paint();
    });
  }

  rotation(side, share) {
    // Of a sphere that has gone that share of its way to the photos, slowly at both ends.
    const to = this.turnOf(this.data.models[side]);
    return share === 1 ? to : partOf(this.turning.before[side], to, share * share * (3 - 2 * share));
  }

  draw(side, turn) {
    const { data, gallery } = this, model = data.models[side];
    if (this.canvases[side].clientWidth < 40) return; // hidden, or not laid out yet
    const ink = getComputedStyle(this.stage).color;
    const paper = paperOf(this.canvases[side], { ink, ground: data.paper, turn, side, model });
    const points = gallery ? this.visible(paper) : [];
    const front = points.filter(p => p[2] > 0);
    this.dots(paper, points.filter(p => p[2] <= 0), 0.22);
    meridians(paper, false);
    ball(paper);
    meridians(paper, true);
    this.shown[side] = front.map(p => [p[0], p[1], p[3]]);
    this.dots(paper, front, 0.9);
    if (!gallery) return;
    if (data.centres) this.centres(paper);
    this.uploads(paper);
    if (data.names) this.names(paper, front);
  }

  visible({ model, turn, at }) {
    const { gallery, data } = this, found = [], points = gallery.points[model];
    for (let i = 0; i < gallery.person.length; i++) {
      if (data.parts !== 'both' && (data.parts === 'seen') !== !!gallery.seen[i]) continue;
      if (this.people && !this.people.has(gallery.person[i])) continue;
      const [x, y, z] = at(turned(turn, points[3 * i] / 32767, points[3 * i + 1] / 32767, points[3 * i + 2] / 32767));
      found.push([x, y, z, i]);
    }
    return found;
  }

  dots({ c, ink, model, radius }, points, alpha) {
    const { gallery, data, view } = this;
    const size = SIZES[data.size] * Math.max(1.2, Math.min(3, radius / 90));
    const lit = this.hover === null ? view.person : gallery.person[this.hover];
    for (const [x, y, , i] of points) {
      const mine = lit === null || gallery.person[i] === lit;
      c.globalAlpha = mine ? alpha : alpha * 0.16;
      c.fillStyle = data.colour === 'person' ? gallery.colours[gallery.person[i]] : heat(gallery.own[model][i] / 10);
      c.beginPath();
      c.arc(x, y, size * (i === this.hover ? 2.3 : lit !== null && mine ? 1.5 : 1), 0, 7);
      c.fill();
      if (i !== view.picked) continue;
      c.strokeStyle = ink;
      c.lineWidth = 2;
      c.beginPath(); c.arc(x, y, size + 5, 0, 7); c.stroke();
    }
    c.globalAlpha = 1;
  }

  centres({ c, ink, model, turn, at }) {
    // A diamond where a class centre of the head would stand, of the people who were trained on.
    const { gallery, data, view } = this, places = gallery.centres[model];
    for (let k = 0; places && data.parts !== 'unseen' && k < gallery.centred.length; k++) {
      const person = gallery.centred[k];
      const [x, y, z] = at(turned(turn, places[3 * k] / 32767, places[3 * k + 1] / 32767, places[3 * k + 2] / 32767));
      if (z <= 0 || (this.people && !this.people.has(person))) continue;
      c.globalAlpha = view.person === null || view.person === person ? 1 : 0.2;
      c.fillStyle = gallery.colours[person];
      c.strokeStyle = ink;
      c.lineWidth = 1.5;
      c.beginPath();
      c.moveTo(x, y - 7); c.lineTo(x + 6, y); c.lineTo(x, y + 7); c.lineTo(x - 6, y); c.closePath();
      c.fill(); c.stroke();
    }
    c.globalAlpha = 1;
  }

  names(paper, front) {
    // Each person's name at the mean of what is seen of them, most photos first, where there is room.
    const { gallery, view } = this, sums = new Map();
    for (const [x, y, , i] of front) {
      const sum = sums.get(gallery.person[i]) ?? [0, 0, 0];
      sums.set(gallery.person[i], [sum[0] + x, sum[1] + y, sum[2] + 1]);
    }
    for (const [person, [x, y, n]] of [...sums].sort((a, b) => b[1][2] - a[1][2]))
      if (view.person === null || view.person === person)
        tag(paper, gallery.names[person], x / n, y / n - 6, { size: 11, weight: 500 });
  }

  uploads(paper) {
    const { c, ink, model } = paper, { data, gallery } = this, points = gallery.points[model];
    const placed = data.uploads.photos.filter(photo => photo.places[model]);
    c.strokeStyle = c.fillStyle = ink;
    for (const { places: { [model]: place } } of placed)
      if (place.honest)
        for (const i of place.neighbours)
          arc(paper, place.point, [0, 1, 2].map(k => points[3 * i + k] / 32767), 1, 0.6);
    if (data.uploads.pair && placed.length > 1) {
      const [left, right] = placed.map(photo => photo.places[model].point);
      const middle = arc(paper, left, right, 3, 1);
      tag(paper, `${data.uploads.angles[model].toFixed(1)}°`, middle[0], middle[1] - 14, { always: true });
    }
    paper.boxes.push(...placed.map(photo => boxOf(paper, photo.places[model])));
    for (const photo of placed) portrait(paper, photo, photo.places[model], this.crop(photo.crop));
    for (const photo of placed) mark(paper, photo, photo.places[model]);
    for (const { places: { [model]: place } } of placed)
      if (place.honest && paper.radius > 180)
        place.neighbours.forEach((i, k) => {
          const [x, y, z] = paper.at(turned(paper.turn, ...[0, 1, 2].map(j => points[3 * i + j] / 32767)));
          if (z > 0) tag(paper, `${place.angles[k].toFixed(0)}°`, x, y + 14, { size: 10, weight: 500 });
        });
  }

  crop(url) {
    this.crops ??= new Map();
    if (!this.crops.has(url)) {
      const image = new Image();
      image.onload = () => this.paint();
      image.src = url;
      if (this.crops.size > 40) this.crops.clear();
      this.crops.set(url, image);
    }
    return this.crops.get(url);
  }

  savePicture() {
    // Both spheres as they are seen, their titles, and what the picture keeps and loses, as PNG.
    const { data } = this, [{ clientWidth: side, width }] = this.canvases;
    const gap = 24, line = 22, scale = width / side;
    const sheet = document.createElement('canvas'), c = sheet.getContext('2d');
    const small = '13px system-ui, sans-serif';
    c.font = small;
    const lines = data.words.caption.flatMap(words => wrapped(c, words, 2 * side + gap));
    sheet.width = (2 * side + 3 * gap) * scale;
    sheet.height = (side + (4 + lines.length) * line) * scale;
    c.scale(scale, scale);
    c.fillStyle = data.paper;
    c.fillRect(0, 0, sheet.width, sheet.height);
    c.fillStyle = getComputedStyle(this.stage).color;
    this.canvases.forEach((canvas, i) => {
      const x = gap + i * (side + gap);
      c.font = '600 18px system-ui, sans-serif';
      c.textAlign = 'center';
      c.fillText(data.titles[i], x + side / 2, line * 1.4);
      c.drawImage(canvas, x, line * 2, side, side);
    });
    c.font = small;
    c.textAlign = 'left';
    lines.forEach((words, k) => c.fillText(words, gap, side + (3.2 + k) * line));
    sheet.toBlob(blob => download(blob, 'marginscope-spheres.png'), 'image/png');
  }

  close() {
    this.observer.disconnect();
    removeEventListener('marginscope-gallery', this.arrived);
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const style = getComputedStyle(parentElement.querySelector('.spheres'));
  data = { ...data, paper: style.getPropertyValue('--st-background-color') || 'white' };
  let spheres = instances.get(parentElement);
  if (!spheres) {
    spheres = new Spheres(parentElement, data, index => setTriggerValue?.('picked', index));
    instances.set(parentElement, spheres);
  }
  spheres.update(data);
  return () => { spheres.close(); instances.delete(parentElement); };
}
