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

test('A withdrawn photo leaves with the small copy of it that the page carries; the others stay', () => {
  const photos = hourlyPhotos(8);
  const report = testReport(photos);
  const [first, second] = report.photos.keys as [string, string];
  const carried = (page: string): Record<string, string> =>
    JSON.parse((/id="thumbnails">([^<]*)</.exec(page) as RegExpExecArray)[1] as string);
  const thumbnails = new Map([
    [first, Buffer.from('one')],
    [second, Buffer.from('</script>')],
  ]);
  const page = reportPage(report, 'draw()', thumbnails);

  const withdrawn = withdrawFromPage(page, ({ filename }) => filename === first) as string;

  expect(Object.keys(carried(page))).toEqual([first, second]);
  expect(carried(withdrawn)).toEqual({ [second]: Buffer.from('</script>').toString('base64') });
  expect(withdrawn).not.toContain(Buffer.from('one').toString('base64'));
});
