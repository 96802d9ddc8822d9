// What is really on the screen: how much of a part of it has which colour. Reads the PNGs that drivers give.

import { inflateSync } from 'node:zlib';

/** How many pixels of a box are, give or take a little, of each of these colours (`#rrggbb` or `#rgb`). */
export function coloursIn(png, { left, top, width, height }, colours) {
  const { size, at } = decode(png);
  const wanted = Object.entries(colours).map(([name, colour]) => [name, channels(colour)]);
  const counts = Object.fromEntries(Object.keys(colours).map((name) => [name, 0]));
  for (let y = Math.max(0, Math.ceil(top)); y < Math.min(size.height, top + height); y += 1) {
    for (let x = Math.max(0, Math.ceil(left)); x < Math.min(size.width, left + width); x += 1) {
      const found = wanted.find(([, colour]) => colour.every((value, channel) => Math.abs(value - at(x, y, channel)) <= 6));
      if (found) counts[found[0]] += 1;
    }
  }
  return counts;
}

function channels(colour) {
  const digits = colour.slice(1);
  const pairs = digits.length === 3 ? [...digits].map((digit) => digit + digit) : digits.match(/../g);
  return pairs.map((pair) => parseInt(pair, 16));
}

/** Eight bits a channel, not interlaced, as both drivers write them. */
function decode(png) {
  const size = { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
  const channels = { 2: 3, 6: 4 }[png[25]];
  if (png[24] !== 8 || channels === undefined || png[28] !== 0) throw new Error('A picture of another kind');
  const parts = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const rows = inflateSync(Buffer.concat(parts));
  const stride = size.width * channels;
  const pixels = Buffer.alloc(stride * size.height);
  for (let y = 0; y < size.height; y += 1) {
    const kind = rows[y * (stride + 1)];
    for (let x = 0; x < stride; x += 1) {
      const left = x < channels ? 0 : pixels[y * stride + x - channels];
      const up = y === 0 ? 0 : pixels[(y - 1) * stride + x];
      const corner = x < channels || y === 0 ? 0 : pixels[(y - 1) * stride + x - channels];
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][kind];
      pixels[y * stride + x] = rows[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return { size, at: (x, y, channel) => pixels[y * stride + x * channels + channel] };
}

function paeth(left, up, corner) {
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(left + up - corner - value));
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
