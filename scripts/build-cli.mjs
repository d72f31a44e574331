// Bundles the command line of src/cli into dist/cli: main.js, and a part for each command that needs more than others. Node reads
// a few files then in place of hundreds, and `runyard --help` loads no Redis client. Part of `npm run build`.
import { chmodSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const target = join(root, 'dist/cli')

/** Packages that go into the bundle; the others stay in node_modules, and are loaded by the commands that use them. */
const BUNDLED = ['commander', 'ipaddr.js', 'typebox']
const isBundled = (path) => BUNDLED.some((name) => path === name || path.startsWith(`${name}/`))

rmSync(target, { recursive: true, force: true })
await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/main.ts'],
  outdir: target,
  chunkNames: 'part-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: ['node20.19'],
  // Stack traces are those of the sources, by the map. Names stay, for those who read the bundle.
  sourcemap: true,
  sourcesContent: false,
  minifyWhitespace: true,
  // commander is CommonJS, and asks for modules of Node.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  plugins: [
    {
      name: 'other packages stay outside',
      setup(bundler) {
        bundler.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
          kind === 'entry-point' || isBundled(path) ? undefined : { path, external: true },
        )
      },
    },
  ],
  logLevel: 'warning',
})
chmodSync(join(target, 'main.js'), 0o755)
