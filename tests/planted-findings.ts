import { checkDarkness } from '../shared/quality/darkness.ts';
import { checkDataset, type DatasetSources, timeFormat } from '../shared/quality/dataset-quality.ts';
import type { CheckResult } from '../shared/quality/finding.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

type Photo = { image_id: number; timestamp: number; filename: string; value: number | null };

/** The checks of a dataset that holds a fault of each kind, over photos that a page shows. @param photos by time, 200 or more */
export function plantedChecks(photos: readonly Photo[], timezone = 'America/New_York'): CheckResult[] {
  const [first, last] = [photos[0] as Photo, photos.at(-1) as Photo];
  const start = first.timestamp;
  const extra = (image_id: number, timestamp: number, filename: string) => ({
    image_id,
    timestamp,
    filename,
    imageset_id: 2,
    value: 1,
  });
  // As a camera counts: no step back but where one is planted.
  const counted = Array.from({ length: 60 }, (_, count) =>
    extra(
      900_000 + count,
      start + 40 * DAY_MS + (count < 30 ? count : count - 10) * HOUR_MS,
      `imagesets/9a/images/RCNX${String(count + 1).padStart(4, '0')}.JPG`,
    ),
  );
  const all = [
    ...photos.map((photo) => ({ ...photo, imageset_id: 1 })),
    ...counted,
    extra(900_100, Date.parse('1970-01-01T00:00:07Z'), 'imagesets/9a/images/reset <b>"one"</b>.JPG'),
    extra(900_101, Date.parse('1970-01-01T00:15:07Z'), 'imagesets/9a/images/reset (2).JPG'),
    extra(900_102, last.timestamp + 20 * DAY_MS, 'imagesets/9a/images/after the pause.JPG'),
    extra(900_103, start, 'imagesets/9a/images/same time.JPG'),
  ].sort((one, other) => one.timestamp - other.timestamp);
  const hours = Math.ceil((last.timestamp - start) / HOUR_MS);
  const values = Float64Array.from({ length: hours }, (_, hour) =>
    Number((20 + 5 * Math.sin(hour / 9) + (hour % 5) / 10).toPrecision(3)),
  );
  values.fill(values[300] as number, 300, 360);
  values[500] = 95;
  values[700] = -9999;
  const ids = photos.map(({ image_id }) => image_id);
  const more = (left: number, right: number, annotator = 1) => ({
    annotator,
    left: ids[left] as number,
    right: ids[right] as number,
    rank: 'LEFT' as const,
  });
  const decisions = Array.from({ length: 10 }, (_, left) =>
    Array.from({ length: left }, (_, right) => (left === 9 && right === 0 ? more(0, 9) : more(left, right))),
  ).flat();
  const sources: DatasetSources = {
    photos: all,
    sameBytes: [[photos[20]?.filename as string, photos[21]?.filename as string]],
    series: { timestamps: values.map((_, hour) => start + hour * HOUR_MS), values },
    decisions: [...decisions, more(30, 31), more(31, 30), more(32, 33), more(33, 32, 2)],
    timezone,
    waterbodyType: 'ST',
    variableCode: 'FLOW_CFS',
    maxGapMs: 65 * 60_000,
    startedAt: Date.parse('2030-01-01T00:00:00Z'),
  };
  const unclear = photos
    .slice(50, 53)
    .map((photo, index) => ({ ...photo, low: index === 2 ? 220 : 2, high: index === 2 ? 224 : 11 }));
  return [
    ...checkDataset(sources),
    checkDarkness(
      {
        measured: photos.length,
        photos: unclear,
        images: photos.length,
        position: { latitude: 42.4, longitude: -72.7 },
      },
      timeFormat(timezone),
    ),
  ];
}
