// Rotations as 3 x 3 matrices in rows; Python puts this before the scripts that turn spheres.
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
  const x = norm(m.slice(0, 3));
  const z = norm(cross(x, m.slice(3, 6)));
  return [...x, ...cross(z, x), ...z];
};
const partOf = (from, to, share) => {
  // The rotation that is `share` of the way from one to the other, about one axis (Rodrigues).
  const transposed = [0, 3, 6, 1, 4, 7, 2, 5, 8].map(k => from[k]);
  const way = product(to, transposed);
  const skew = [way[7] - way[5], way[2] - way[6], way[3] - way[1]]; // 2 sin(angle) times the axis
  const size = Math.hypot(...skew), angle = Math.atan2(size, way[0] + way[4] + way[8] - 1);
  if (size < 1e-5) return to; // no turn, or half a turn, which has no one axis
  const axis = skew.map(v => v / size);
  return product(aboutAxis(axis, share * angle), from);
};
const aboutAxis = ([x, y, z], angle) => {
  const c = Math.cos(angle), s = Math.sin(angle), d = 1 - c;
  return [
    c + x * x * d, x * y * d - z * s, x * z * d + y * s,
    y * x * d + z * s, c + y * y * d, y * z * d - x * s,
    z * x * d - y * s, z * y * d + x * s, c + z * z * d,
  ];
};
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
