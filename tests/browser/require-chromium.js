import { requireProgram } from '../system-program.js';
import { CHROMIUM } from './chromium.js';

export default () => requireProgram(CHROMIUM, 'chromium');
