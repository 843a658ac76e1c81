import { requireProgram } from '../support/system-program.js';
import { requireChromium } from './chromium.js';

export default () => {
  requireChromium();
  // Reads what was printed.
  requireProgram('pdftotext', 'poppler-utils', '-v');
};
