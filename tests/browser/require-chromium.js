import { requireProgram } from '../support/system-program.js';
import { CHROMIUM } from './chromium.js';

export default () => {
  requireProgram(CHROMIUM, 'chromium');
  // Reads what was printed.
  requireProgram('pdftotext', 'poppler-utils', '-v');
};
