import { DAY_MS } from '../formats/durations.ts';

/** Noon of 1 January 2000. */
const J2000 = Date.UTC(2000, 0, 1, 12);

export type GeographicPosition = { latitude: number; longitude: number };

/**
 * How far the sun stands above the horizon, degrees, to a hundredth: the low-precision formulas of the Astronomical Almanac
 * (Michalsky 1988, doi:10.1016/0038-092X(88)90045-X), without refraction.
 *
 * @param position degrees, north and east are positive
 */
export function sunElevation({ latitude, longitude }: GeographicPosition, epochMs: number): number {
  const days = (epochMs - J2000) / DAY_MS;
  const anomaly = radians(357.528 + 0.9856003 * days);
  const ecliptic = radians(
    280.46 + 0.9856474 * days + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly),
  );
  const obliquity = radians(23.439 - 4e-7 * days);
  const ascension = Math.atan2(Math.cos(obliquity) * Math.sin(ecliptic), Math.cos(ecliptic));
  const declination = Math.asin(Math.sin(obliquity) * Math.sin(ecliptic));
  const siderealHours = 18.697374558 + 24.06570982441908 * days;
  const hourAngle = radians(15 * siderealHours + longitude) - ascension;
  const north = radians(latitude);
  return degrees(
    Math.asin(
      Math.sin(north) * Math.sin(declination) + Math.cos(north) * Math.cos(declination) * Math.cos(hourAngle),
    ),
  );
}

const radians = (angle: number): number => (angle * Math.PI) / 180;
const degrees = (angle: number): number => (angle * 180) / Math.PI;
