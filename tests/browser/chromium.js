import { existsSync } from 'node:fs';
import { hasProgram, requireProgram } from '../support/system-program.js';

/** Where Debian and Ubuntu put it. */
const CHROMIUM = '/usr/bin/chromium';
/** The same engine without the windows around a page, which take as much of a processor as the page itself. */
const HEADLESS_SHELL = '/usr/bin/chromium-headless-shell';

/** Makes sure that there is either, as not every system has a package of the second. */
export function requireChromium() {
  if (!hasProgram(HEADLESS_SHELL, 'chromium-headless-shell')) requireProgram(CHROMIUM, 'chromium');
}

export const findChromium = () => (existsSync(HEADLESS_SHELL) ? HEADLESS_SHELL : CHROMIUM);
