import { requireProgram } from '../support/system-program.js';

export default () => requireProgram('Rscript', 'r-base-core');
