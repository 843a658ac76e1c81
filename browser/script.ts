import bundling from './bundling.cjs';

let script: string | undefined;

/** Script of the pages. Here it is built at the first call; a deployed function holds it ready-made, see esbuild-plugins.cjs. */
export function pageScript(): string {
  script ??= bundling.bundleScript();
  return script;
}
