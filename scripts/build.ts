// `npm run build`: the service with its packages as a few files in dist/, or in the new folder that is named.
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compileOnce } from './compile-cache.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const DIST = `${PROJECT}/dist`;
const [outdir = DIST] = process.argv.slice(2);

// Files of another build have other names, and would stay.
if (outdir === DIST) rmSync(DIST, { recursive: true, force: true });
await build({
  absWorkingDir: PROJECT,
  outdir,
  entryPoints: {
    main: 'src/main.ts',
    // Looks for its configuration from where it stands itself.
    'cli/demo': 'src/cli/demo.ts',
    'sandbox/main': 'src/sandbox/main.ts',
    // Stands beside the file that starts it as a thread.
    'field-selection-thread': 'src/cache/field-selection-thread.ts',
  },
  // The files of the page stand beside its code; it is loaded late, if ever.
  external: ['@fastify/swagger', '@fastify/swagger-ui'],
  platform: 'node',
  target: 'node24',
  format: 'esm',
  bundle: true,
  splitting: true,
  // Packages in CommonJS need it.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';const require = requireFrom(import.meta.url);",
  },
  // Names stay, for those who read a stack.
  minifyWhitespace: true,
  lineLimit: 160,
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
});
if (!(await compileOnce(resolve(outdir)))) {
  process.stderr.write('What was built does not start here: its first start will take longer.\n');
}
