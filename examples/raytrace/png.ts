/** Writes a PNG (https://www.w3.org/TR/png-3/): 8 bits each of red, green and blue, no filter. */
import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const BITS = 8;
const RGB = 2;

/** `pixels` are three bytes each, from the top left, line after line. */
export function encodePng(width: number, height: number, pixels: Uint8Array): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([BITS, RGB], 8);
  // Each line begins with the number of its filter: none.
  const lineBytes = 3 * width;
  const lines = new Uint8Array(height * (1 + lineBytes));
  for (let y = 0; y < height; y++) {
    lines.set(pixels.subarray(y * lineBytes, (y + 1) * lineBytes), y * (1 + lineBytes) + 1);
  }
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}
