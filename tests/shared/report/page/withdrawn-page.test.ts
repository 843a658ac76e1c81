import { gunzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { unpackPage } from '../../../../shared/report/page/page-data.ts';
import { reportPage } from '../../../../shared/report/page/report-page.ts';
import { withdrawFromPage } from '../../../../shared/report/page/withdrawn-page.ts';
import { hourlyPhotos, testReport } from '../../../fixtures/report.ts';

const found = (filename: string) => ({ image_id: 7_000_000, timestamp: 1_000, filename });
const checks = [
  {
    check: 'clock' as const,
    checked: 'One photo.',
    findings: [
      {
        kind: 'clock.reset',
        title: 'One photo',
        meaning: 'Its time is wrong.',
        action: 'Correct it.',
        examples: [{ caption: 'imageset 1', photos: [found('outside.JPG'), found('other.JPG')] }],
        more: 0,
      },
    ],
  },
];
const dataOf = (markup: string) => {
  const [, packed] = /id="data">([^<]*)</.exec(markup) as RegExpExecArray;
  return unpackPage(new Uint8Array(gunzipSync(Buffer.from(packed as string, 'base64'))));
};

test('A photo that is noted in a finding alone leaves the page as well', () => {
  const page = reportPage(testReport(hourlyPhotos(8), { checks }), 'draw()');

  const withdrawn = withdrawFromPage(page, ({ filename }) => filename === 'outside.JPG') as string;

  expect(dataOf(page).noted.keys).toEqual(['outside.JPG', 'other.JPG']);
  expect(dataOf(withdrawn).noted.keys).toEqual(['other.JPG']);
  expect(dataOf(withdrawn).photos).toEqual(dataOf(page).photos);
  expect(withdrawFromPage(withdrawn, ({ filename }) => filename === 'outside.JPG')).toBeNull();
});
