import { DAY_MS, HOUR_MS } from '../shared/formats/durations.ts';

/** Where the station is: decides when the sun rises. */
export const LATITUDE = 42.4346;
export const LONGITUDE = -72.6708;
/** Compass direction in which the cameras look, upstream, degrees. */
const VIEW_AZIMUTH = 205;

/** Direction of the sun as the cameras see it: x to the right, y ahead, z up; length 1. */
export type Sun = { x: number; y: number; z: number };

/**
 * The sun's place at the station, to about a degree: enough for shadows, glare and dusk.
 *
 * @param time milliseconds since 1970
 */
export function sunAt(time: number): Sun {
  const radians = Math.PI / 180;
  const date = new Date(time);
  const day = (time - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS;
  const declination = -23.44 * radians * Math.cos((2 * Math.PI * (day + 10)) / 365);
  const solarHours = (time % DAY_MS) / HOUR_MS + LONGITUDE / 15;
  const hourAngle = (solarHours - 12) * 15 * radians;
  const latitude = LATITUDE * radians;
  const up =
    Math.sin(latitude) * Math.sin(declination) +
    Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle);
  const east = -Math.cos(declination) * Math.sin(hourAngle);
  const north =
    Math.cos(latitude) * Math.sin(declination) -
    Math.sin(latitude) * Math.cos(declination) * Math.cos(hourAngle);
  const [sin, cos] = [Math.sin(VIEW_AZIMUTH * radians), Math.cos(VIEW_AZIMUTH * radians)];
  return { x: east * cos - north * sin, y: east * sin + north * cos, z: up };
}
