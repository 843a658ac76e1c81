import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { makeFolder } from '../host/folder.ts';
import { takePhoto } from './camera.ts';
import type { Photograph } from './photographs.ts';
import { VIEW_HEIGHT, VIEW_WIDTH } from './render.ts';
import { buildView, type Camera, type CameraView } from './view.ts';
import { buildWeather } from './weather.ts';

/** Photos that one worker thread draws, in order of time. */
export type DrawingTask = {
  seed: number;
  cameras: Camera[];
  /** The paths are where the files go. */
  photos: { photograph: Photograph; path: string; thumbnailPath: string | null }[];
};

const { seed, cameras, photos } = workerData as DrawingTask;
const weather = buildWeather(seed);
const views = new Map<number, CameraView>();
for (const { photograph, path, thumbnailPath } of photos) {
  let view = views.get(photograph.imageset);
  if (!view) {
    view = buildView(cameras[photograph.imageset] as Camera, VIEW_WIDTH, VIEW_HEIGHT, seed);
    views.set(photograph.imageset, view);
  }
  const { photo, thumbnail } = takePhoto(view, weather, photograph);
  write(path, photo);
  if (thumbnailPath) write(thumbnailPath, thumbnail);
  parentPort?.postMessage(1);
  // The canvas library frees memory only between turns of the event loop; without a pause it would take gigabytes.
  await setImmediate();
}

function write(path: string, file: Buffer): void {
  makeFolder(dirname(path));
  writeFileSync(path, file);
}
