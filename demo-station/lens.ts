import { type Canvas, createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import type { Effects } from './photographs.ts';
import { type Random, randomSource } from './random.ts';
import { PHOTO_HEIGHT, PHOTO_WIDTH } from './render.ts';

/** What stands in the stream or before it: the trunk that a storm has left, and a stake in the snow. */
export function drawObjects(context: SKRSContext2D, { trunk, stakeSnow }: Effects): void {
  if (trunk) drawTrunk(context);
  if (stakeSnow !== null) drawStake(context, stakeSnow);
}

/** What lies on the lens, or before it: muddy water, dried dirt, drops, and the light of the low sun. */
export function drawLens(context: SKRSContext2D, effects: Effects, cameraSeed: number, random: Random): void {
  if (effects.flood > 0) drawFlood(context, effects.flood, random);
  drawSpots(context, randomSource(cameraSeed + 811), {
    count: Math.round(26 * effects.dirt),
    radius: [14, 60],
    color: [58, 50, 38],
    opacity: 0.62,
  });
  drawSpots(context, random, {
    count: Math.round(34 * effects.drops),
    radius: [7, 26],
    color: [196, 202, 206],
    opacity: 0.55,
  });
  if (effects.glare > 0) drawGlare(context, effects.glare, random);
}

/** Channel gains of a camera whose white is not white. */
export function castColors(pixels: Uint8ClampedArray, [red, green, blue]: Effects['cast']): void {
  if (red === 1 && green === 1 && blue === 1) return;
  for (let byte = 0; byte < pixels.length; byte += 4) {
    pixels[byte] = (pixels[byte] as number) * red;
    pixels[byte + 1] = (pixels[byte + 1] as number) * green;
    pixels[byte + 2] = (pixels[byte + 2] as number) * blue;
  }
}

/** The photo in the camera's own size. It shows no more than was drawn: a larger one is only larger, in pixels and to decode. */
export function resized(drawn: Canvas, { width, height }: Effects): Canvas {
  if (width === PHOTO_WIDTH && height === PHOTO_HEIGHT) return drawn;
  const photo = createCanvas(width, height);
  const context = photo.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(drawn, 0, 0, width, height);
  return photo;
}

function drawTrunk(context: SKRSContext2D): void {
  context.lineCap = 'round';
  for (const [color, width, lift] of [
    ['#241d16', 52, 6],
    ['#4a3d2d', 40, -2],
    ['#6b5a43', 12, -12],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(-10, 236 + lift);
    context.quadraticCurveTo(300, 208 + lift, PHOTO_WIDTH + 10, 300 + lift);
    context.stroke();
  }
}

/** Pixels of a meter of the stake, and where it stands. */
const STAKE = { meter: 52, x: 590, foot: 172, width: 7, meters: 2 };

/** A pole of two meters with bands of 25 centimeters; snow hides its foot. */
function drawStake(context: SKRSContext2D, snowMeters: number): void {
  const hidden = Math.min(STAKE.meters, snowMeters) * STAKE.meter;
  for (let band = 0; band < STAKE.meters * 4; band++) {
    const top = STAKE.foot - (band + 1) * (STAKE.meter / 4);
    context.fillStyle = band % 4 === 3 ? '#b3261e' : band % 2 === 0 ? '#e9e4d6' : '#1d1d1d';
    context.fillRect(STAKE.x, top, STAKE.width, STAKE.meter / 4);
  }
  if (hidden <= 0) return;
  // Only the snow around the stake grows: what lies elsewhere is as white with a little as with much of it.
  const top = STAKE.foot - hidden;
  const snow = context.createLinearGradient(0, top, 0, STAKE.foot);
  snow.addColorStop(0, 'rgba(232, 236, 242, 0.97)');
  snow.addColorStop(1, 'rgba(206, 213, 224, 0.99)');
  context.fillStyle = snow;
  context.beginPath();
  context.ellipse(STAKE.x + STAKE.width / 2, STAKE.foot, 46, hidden, 0, Math.PI, 2 * Math.PI);
  context.fill();
}

/** Brown water rises from the lower edge until it fills the frame; the lens sees a hand's breadth into it. */
function drawFlood(context: SKRSContext2D, flood: number, random: Random): void {
  const surface = PHOTO_HEIGHT * (1 - flood);
  const water = context.createLinearGradient(0, surface - 18, 0, PHOTO_HEIGHT);
  water.addColorStop(0, 'rgba(122, 100, 70, 0)');
  water.addColorStop(Math.min(1, 26 / (PHOTO_HEIGHT - surface + 18)), 'rgba(118, 96, 66, 0.93)');
  water.addColorStop(1, 'rgba(84, 66, 44, 0.98)');
  context.fillStyle = water;
  context.fillRect(0, surface - 18, PHOTO_WIDTH, PHOTO_HEIGHT - surface + 18);
  context.fillStyle = 'rgba(180, 168, 146, 0.5)';
  for (let bubble = 0; bubble < 30 * flood; bubble++) {
    context.beginPath();
    const [x, y] = [random.uniform(0, PHOTO_WIDTH), surface + random.uniform(0, PHOTO_HEIGHT - surface)];
    context.arc(x, y, random.uniform(0.5, 2.5), 0, 2 * Math.PI);
    context.fill();
  }
}

type Spots = {
  count: number;
  radius: readonly [least: number, most: number];
  color: readonly [red: number, green: number, blue: number];
  opacity: number;
};

/** Out of focus, as whatever lies on the lens is. */
function drawSpots(context: SKRSContext2D, random: Random, { count, radius, color, opacity }: Spots): void {
  const rgb = color.join(', ');
  for (let spot = 0; spot < count; spot++) {
    const [x, y] = [random.uniform(0, PHOTO_WIDTH), random.uniform(0, PHOTO_HEIGHT)];
    const reach = random.uniform(...radius);
    const blot = context.createRadialGradient(x, y, reach * 0.3, x, y, reach);
    blot.addColorStop(0, `rgba(${rgb}, ${opacity * random.uniform(0.6, 1)})`);
    blot.addColorStop(1, `rgba(${rgb}, 0)`);
    context.fillStyle = blot;
    context.fillRect(x - reach, y - reach, 2 * reach, 2 * reach);
  }
}

/** A veil over the photo, brightest around the sun above its upper edge, and a row of ghosts. */
function drawGlare(context: SKRSContext2D, glare: number, random: Random): void {
  const [x, y] = [random.uniform(220, 520), random.uniform(-40, 60)];
  context.globalCompositeOperation = 'lighter';
  const veil = context.createRadialGradient(x, y, 10, x, y, 620);
  veil.addColorStop(0, `rgba(255, 244, 214, ${0.95 * glare})`);
  veil.addColorStop(0.35, `rgba(190, 178, 150, ${0.5 * glare})`);
  veil.addColorStop(1, `rgba(90, 88, 82, ${0.32 * glare})`);
  context.fillStyle = veil;
  context.fillRect(0, 0, PHOTO_WIDTH, PHOTO_HEIGHT);
  for (let ghost = 1; ghost <= 4; ghost++) {
    const share = ghost / 3;
    context.fillStyle = `rgba(140, 160, 120, ${0.13 * glare})`;
    context.beginPath();
    context.arc(x + (320 - x) * share, y + (300 - y) * share, 10 + 11 * ghost, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalCompositeOperation = 'source-over';
}
