// One frame of a film on one paper (see paper.js). A film is {points, centres, lengths, limit}: unit
// vectors as int16 by frame, lengths in hundredths or null, and the greatest of them; a cast is
// {person, held, colours, dimension}. lit is the person whom the others step back for, or null.
const FULL = 32767;
const FADED = 0.14; // of those who step back

function vectorOf(numbers, dimension, index) {
  const at = index * dimension;
  return [numbers[at] / FULL, numbers[at + 1] / FULL, dimension === 3 ? numbers[at + 2] / FULL : 0];
}

function angleBetween(a, b) {
  // Kahan's: exact near 0 and 180 degrees too. Radians.
  const apart = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  return 2 * Math.atan2(apart, Math.hypot(a[0] + b[0], a[1] + b[1], a[2] + b[2]));
}

function frameOf(film, cast, frame) {
  // Where everything is in a frame, and each person's mean angle to the own centre (training images).
  const { person, held, colours, dimension } = cast, images = person.length, people = colours.length;
  const points = Array.from(person, (_, i) => vectorOf(film.points, dimension, frame * images + i));
  const centres = colours.map((_, j) => vectorOf(film.centres, dimension, frame * people + j));
  const sums = colours.map(() => [0, 0]);
  points.forEach((point, i) => {
    if (held[i]) return;
    sums[person[i]][0] += angleBetween(point, centres[person[i]]);
    sums[person[i]][1] += 1;
  });
  const reach = points.map((_, i) => (film.lengths ? film.lengths[frame * images + i] / film.limit : 1));
  return { points, centres, reach, caps: sums.map(([sum, n]) => sum / n) };
}

function drawBall(paper, shot, cast, { lit, hover, long }) {
  const points = placed(paper, shot, long, () => 1);
  const behind = p => p[2] <= 0;
  dots(paper, points.filter(behind), cast, lit, hover, 0.22);
  caps(paper, shot, cast, lit, false);
  meridians(paper, false);
  ball(paper);
  meridians(paper, true);
  if (long) spokes(paper, shot, cast, lit);
  const front = points.filter(p => !behind(p));
  dots(paper, front, cast, lit, hover, 0.9);
  caps(paper, shot, cast, lit, true);
  numbers(paper, shot, cast, lit, 1);
  return front;
}

function drawCircle(paper, shot, cast, { lit, hover, long }) {
  // Held-out images stand just outside the circle: only the direction counts.
  const { c, ink, radius, width, height, turn, at } = paper;
  c.strokeStyle = ink;
  c.globalAlpha = 0.35;
  c.lineWidth = 1;
  c.beginPath(); c.arc(width / 2, height / 2, radius, 0, 7); c.stroke();
  shot.centres.forEach((centre, j) => {
    const [x, y] = turned(turn, ...centre), middle = Math.atan2(-y, x), cap = shot.caps[j];
    c.globalAlpha = faded(lit, j) * 0.22;
    c.fillStyle = cast.colours[j];
    c.beginPath();
    c.moveTo(width / 2, height / 2);
    c.arc(width / 2, height / 2, radius, middle - cap, middle + cap);
    c.closePath(); c.fill();
  });
  spokes(paper, shot, cast, lit);
  const points = placed(paper, shot, long, i => (cast.held[i] ? 1.06 : 1));
  dots(paper, points, cast, lit, hover, 0.85);
  numbers(paper, shot, cast, lit, 1.15);
  return points;
}

const faded = (lit, person) => (lit === null || lit === person ? 1 : FADED);

function placed({ turn, at }, { points, reach }, long, ring) {
  // [x, y, depth, index] of every image, at its length where lengths are shown.
  return points.map((point, i) => {
    const r = long ? reach[i] : ring(i);
    const [x, y, z] = turned(turn, ...point);
    return [...at([r * x, r * y, z]), i];
  });
}

function dots({ c, ink, ground, radius }, points, { person, held, colours }, lit, hover, alpha) {
  const size = Math.max(1.7, Math.min(3.4, radius / 75));
  for (const [x, y, , i] of points) {
    c.globalAlpha = alpha * faded(lit, person[i]);
    const r = i === hover ? 2 * size : size;
    c.beginPath();
    c.arc(x, y, held[i] ? r + 0.4 : r, 0, 7);
    c.fillStyle = held[i] ? ground : colours[person[i]];
    c.fill();
    c.strokeStyle = held[i] ? colours[person[i]] : ink;
    c.lineWidth = held[i] ? 1.4 : 0.5;
    if (!held[i]) c.globalAlpha *= 0.5; // a rim, for colours that are near the page's own
    c.stroke();
  }
  c.globalAlpha = 1;
}

function caps({ c, turn, at }, { centres, caps: angles }, { colours }, lit, front) {
  // Around each centre the circle at the mean angle of its person's training images.
  centres.forEach((centre, j) => {
    const along = across(centre), beside = cross(centre, along);
    const near = Math.cos(angles[j]), far = Math.sin(angles[j]);
    c.globalAlpha = (front ? 0.9 : 0.25) * faded(lit, j);
    c.strokeStyle = colours[j];
    c.lineWidth = 1.6;
    c.beginPath();
    let open = false;
    for (let k = 0; k <= 48; k++) {
      const t = (k * Math.PI) / 24, a = far * Math.cos(t), b = far * Math.sin(t);
      const [x, y, z] = at(turned(turn, ...centre.map((v, m) => near * v + a * along[m] + b * beside[m])));
      if (z > 0 !== front) { open = false; continue; }
      open ? c.lineTo(x, y) : c.moveTo(x, y);
      open = true;
    }
    c.stroke();
  });
  c.globalAlpha = 1;
}

function spokes({ c, turn, at, width, height }, { centres }, { colours }, lit) {
  centres.forEach((centre, j) => {
    const [x, y, z] = at(turned(turn, ...centre));
    c.globalAlpha = (z < 0 ? 0.3 : 0.9) * faded(lit, j);
    c.strokeStyle = colours[j];
    c.lineWidth = 1.6;
    c.beginPath(); c.moveTo(width / 2, height / 2); c.lineTo(x, y); c.stroke();
  });
  c.globalAlpha = 1;
}

function numbers({ c, ink, ground, radius, turn, at }, { centres }, { colours }, lit, ring) {
  // A class centre is a ring with its person's number, the same on both sides and without colour.
  const size = radius > 150 ? 9 : 7;
  centres.forEach((centre, j) => {
    const [x, y, z] = turned(turn, ...centre);
    const [left, top] = at([ring * x, ring * y, z]);
    if (z < -1e-6) return;
    c.globalAlpha = faded(lit, j);
    c.fillStyle = ground;
    c.strokeStyle = colours[j];
    c.lineWidth = 2.4;
    c.beginPath(); c.arc(left, top, size, 0, 7); c.fill(); c.stroke();
    c.fillStyle = ink;
    c.font = `650 ${size + 1}px system-ui, sans-serif`;
    c.textAlign = 'center';
    c.fillText(j + 1, left, top + size * 0.4);
  });
  c.globalAlpha = 1;
}

function across([x, y, z]) {
  // A unit vector at right angles to a unit vector.
  const v = Math.abs(z) < 0.9 ? [-y, x, 0] : [0, -z, y], length = Math.hypot(...v);
  return v.map(part => part / length);
}
