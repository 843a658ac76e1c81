import { requireProgram } from '../system-program.js';

export default () => requireProgram('Rscript', 'r-base-core');
