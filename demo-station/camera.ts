import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { castColors, drawLens, drawObjects, resized } from './lens.ts';
import type { Defect, Photograph } from './photographs.ts';
import { cameraClock } from './photographs.ts';
import { type Random, randomSource } from './random.ts';
import { PHOTO_HEIGHT, PHOTO_WIDTH, renderPhoto, STRIP_HEIGHT } from './render.ts';
import type { CameraView } from './view.ts';
import type { Weather } from './weather.ts';

const JPEG_QUALITY = 72;
/** One canvas for all photos: those of single photos would be freed only after the thread has drawn its last one. */
const canvas = createCanvas(PHOTO_WIDTH, PHOTO_HEIGHT);
/** Width of the website's thumbnails. */
const THUMBNAIL_WIDTH = 400;
const small = createCanvas(THUMBNAIL_WIDTH, Math.round((PHOTO_HEIGHT * THUMBNAIL_WIDTH) / PHOTO_WIDTH));

export type Taken = {
  /** The camera's file: a JPEG with an info strip; only a part of it if the file is broken. */
  photo: Buffer;
  /** The website's, made on upload, when the file was whole. */
  thumbnail: Buffer;
};

/** Takes one photo of the view. */
export function takePhoto(view: CameraView, weather: Weather, photograph: Photograph): Taken {
  const { scene, defect, effects } = photograph;
  const context = canvas.getContext('2d');
  context.reset();
  const pixels = renderPhoto(view, weather, scene);
  if (photograph.gray) turnGray(pixels);
  else if (effects && !scene.infrared) castColors(pixels, effects.cast);
  const image = context.createImageData(PHOTO_WIDTH, PHOTO_HEIGHT);
  image.data.set(pixels);
  context.putImageData(image, 0, 0);
  const random = randomSource(scene.seed + 5);
  if (effects) drawObjects(context, effects);
  if (photograph.person) drawWader(context, random);
  drawRain(context, scene.rain, random);
  drawSnow(context, scene.snowfall, random);
  if (effects) drawLens(context, effects, photograph.imageset, random);
  drawStrip(context, `${cameraClock(scene.time)}   ${Math.round(scene.temperatureC * 1.8 + 32)}F`);
  const jpeg = (effects ? resized(canvas, effects) : canvas).toBuffer('image/jpeg', JPEG_QUALITY);
  return { photo: damage(jpeg, defect), thumbnail: shrink() };
}

function damage(jpeg: Buffer, defect: Defect | undefined): Buffer {
  if (defect === 'empty') return Buffer.alloc(0);
  if (defect === 'text') return Buffer.from('Card error 0x1C: file could not be recovered.\r\n');
  return defect === 'truncated' ? jpeg.subarray(0, Math.floor(jpeg.length * 0.55)) : jpeg;
}

function shrink(): Buffer {
  const context = small.getContext('2d');
  context.reset();
  context.imageSmoothingQuality = 'high';
  context.drawImage(canvas, 0, 0, small.width, small.height);
  return small.toBuffer('image/jpeg', JPEG_QUALITY);
}

function turnGray(pixels: Uint8ClampedArray): void {
  for (let byte = 0; byte < pixels.length; byte += 4) {
    const [red, green, blue] = [pixels[byte], pixels[byte + 1], pixels[byte + 2]] as [number, number, number];
    pixels.fill(0.3 * red + 0.59 * green + 0.11 * blue, byte, byte + 3);
  }
}

function drawRain(context: SKRSContext2D, rain: number, random: Random): void {
  context.strokeStyle = 'rgba(225, 230, 235, 0.22)';
  context.lineWidth = 1.2;
  const slant = random.normal(3);
  for (let drop = 0; drop < rain * 260; drop++) {
    const [x, y] = [random.uniform(0, PHOTO_WIDTH), random.uniform(0, PHOTO_HEIGHT)];
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + slant, y + random.uniform(8, 26));
    context.stroke();
  }
}

function drawSnow(context: SKRSContext2D, snowfall: number, random: Random): void {
  context.fillStyle = 'rgba(250, 250, 255, 0.75)';
  for (let flake = 0; flake < snowfall * 300; flake++) {
    context.beginPath();
    const radius = 0.7 + 3 * random.uniform() ** 3;
    context.arc(random.uniform(0, PHOTO_WIDTH), random.uniform(0, PHOTO_HEIGHT), radius, 0, 2 * Math.PI);
    context.fill();
  }
}

/** Somebody in a gray coat and waders, knee-deep in the stream. */
function drawWader(context: SKRSContext2D, random: Random): void {
  const [x, y] = [random.uniform(250, 420), random.uniform(150, 210)];
  const parts: [color: string, left: number, top: number, width: number, height: number][] = [
    ['#2c3136', -11, 34, 10, 44],
    ['#262b30', 2, 34, 10, 44],
    ['#7d8790', -15, -8, 30, 46],
    ['#6c757e', -21, -4, 7, 36],
    ['#6c757e', 14, -4, 7, 36],
  ];
  for (const [color, left, top, width, height] of parts) {
    context.fillStyle = color;
    context.beginPath();
    context.roundRect(x + left, y + top, width, height, 4);
    context.fill();
  }
  context.fillStyle = '#b98d73';
  context.beginPath();
  context.arc(x, y - 18, 9, 0, 2 * Math.PI);
  context.fill();
}

/** Rows of three dots, the most significant bit on the left: text that needs no font of the computer. */
const GLYPHS: Record<string, string> = {
  '0': '75557',
  '1': '26227',
  '2': '71747',
  '3': '71717',
  '4': '55711',
  '5': '74717',
  '6': '74757',
  '7': '71122',
  '8': '75757',
  '9': '75717',
  '-': '00700',
  ':': '02020',
  F: '74644',
};
const DOT = 2;

function drawStrip(context: SKRSContext2D, text: string): void {
  const top = PHOTO_HEIGHT - STRIP_HEIGHT;
  context.fillStyle = '#0a0a0c';
  context.fillRect(0, top, PHOTO_WIDTH, STRIP_HEIGHT);
  context.fillStyle = '#e8e8e8';
  [...text].forEach((character, index) => {
    [...(GLYPHS[character] ?? '00000')].forEach((bits, row) => {
      for (let dot = 0; dot < 3; dot++)
        if (Number(bits) & (4 >> dot))
          context.fillRect(8 + (index * 4 + dot) * DOT, top + 3 + row * DOT, DOT, DOT);
    });
  });
}
