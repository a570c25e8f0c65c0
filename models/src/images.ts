import { IMAGE_SIZE } from './image-input.js';
import { RandomStream } from './random.js';

/** Of ImageNet's training images, as every torchvision model expects them to have been normalised with. */
const CHANNEL_MEAN = [0.485, 0.456, 0.406] as const;
const CHANNEL_DEVIATION = [0.229, 0.224, 0.225] as const;

/** Squared, the shares of brightness and of a colour's own variation in a channel's variance. */
const BRIGHTNESS = Math.sqrt(0.9);
const COLOUR = Math.sqrt(0.1);

/**
 * Normalised images, NCHW. The power of photographs falls as the square of spatial frequency, that is, every octave
 * has the same variance (Field, J. Opt. Soc. Am. A 4, 1987), and their three colours are nearly alike: so are these.
 * Values are 8-bit ones, clipped where a photograph would be. Image i does not depend on how many there are.
 */
export function makeImages(count: number, seed: number): Float32Array {
  const pixels = IMAGE_SIZE * IMAGE_SIZE;
  const out = new Float32Array(count * 3 * pixels);
  for (let image = 0; image < count; image++) {
    const random = new RandomStream(seed, `image ${image}`);
    const brightness = octaves(random, 8);
    for (let c = 0; c < 3; c++) {
      const colour = octaves(random, 4);
      const mean = CHANNEL_MEAN[c] as number;
      const deviation = CHANNEL_DEVIATION[c] as number;
      const plane = out.subarray((image * 3 + c) * pixels, (image * 3 + c + 1) * pixels);
      for (let i = 0; i < pixels; i++) {
        const z = BRIGHTNESS * (brightness[i] as number) + COLOUR * (colour[i] as number);
        const byte = Math.max(0, Math.min(255, Math.floor((mean + deviation * z) * 255 + 0.5)));
        plane[i] = (byte / 255 - mean) / deviation;
      }
    }
  }
  return out;
}

/** The sum of `count` octaves of smooth noise, the first with one cell over the picture; variance 1. */
function octaves(random: RandomStream, count: number): Float32Array {
  const sum = new Float32Array(IMAGE_SIZE * IMAGE_SIZE);
  // Bilinear interpolation between independent values leaves (2/3)^2 of their variance, averaged over a cell.
  const amplitude = 1.5 / Math.sqrt(count);
  for (let octave = 0; octave < count; octave++) addNoise(sum, random, 2 ** octave, amplitude);
  return sum;
}

function addNoise(sum: Float32Array, random: RandomStream, cells: number, amplitude: number): void {
  const corners = cells + 1;
  const grid = new Float32Array(corners * corners);
  random.fillNormal(grid, 0, amplitude);
  const scale = cells / IMAGE_SIZE;
  for (let y = 0; y < IMAGE_SIZE; y++) {
    const gy = (y + 0.5) * scale;
    const row = Math.floor(gy);
    const fy = gy - row;
    for (let x = 0; x < IMAGE_SIZE; x++) {
      const gx = (x + 0.5) * scale;
      const column = Math.floor(gx);
      const fx = gx - column;
      const corner = row * corners + column;
      const above = (grid[corner] as number) * (1 - fx) + (grid[corner + 1] as number) * fx;
      const below =
        (grid[corner + corners] as number) * (1 - fx) + (grid[corner + corners + 1] as number) * fx;
      const at = y * IMAGE_SIZE + x;
      sum[at] = (sum[at] as number) + above * (1 - fy) + below * fy;
    }
  }
}
