// Builds the package @runyard/client, which has no dependency, in clients/typescript: one bundled module, and types that are
// written out from the service's schemas. Part of `npm run build`; `tsc -p tsconfig.build.json` comes first.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { typesOf } from './types-of-schemas.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const compiled = join(root, 'dist/client')
const target = join(root, 'clients/typescript/dist')

rmSync(target, { recursive: true, force: true })
mkdirSync(target, { recursive: true })

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [join(root, 'src/client/client.ts')],
  outfile: join(target, 'client.js'),
  bundle: true,
  metafile: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: ['es2022'],
  legalComments: 'none',
  logLevel: 'warning',
})

// What is bundled in brings its licence.
const bundled = Object.keys(metafile.inputs).flatMap(
  (path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
)
for (const name of new Set(bundled)) {
  cpSync(join(root, 'node_modules', name, 'LICENSE'), join(target, `LICENSE.${name.replaceAll('/', '.')}`))
}

const SPECIFIER = /(from|import\() ?'(\.[^']+)\.[jt]s'/g
const API_TYPES = 'api-types.d.ts'
const pending = ['client.d.ts']
for (const name of pending) {
  if (name === API_TYPES) continue
  const text = readFileSync(join(compiled, name), 'utf8')
  for (const [, , path] of text.matchAll(SPECIFIER)) {
    const next = `${basename(path)}.d.ts`
    if (!pending.includes(next)) pending.push(next)
  }
  writeFileSync(join(target, name), text.replaceAll(SPECIFIER, `$1 '$2.js'`).replace(/\n\/\/# sourceMappingURL=.*/, ''))
}

/** The schemas that `src/client/api-types.ts` names the types of. */
const schemas = new Map()
const listed = readFileSync(join(root, 'src/client', API_TYPES.replace('.d.ts', '.ts')), 'utf8')
for (const [, names, path] of listed.matchAll(/export type \{([^}]+)\} from '([^']+)\.ts'/g)) {
  const module = await import(pathToFileURL(join(compiled, `${path}.js`)).href)
  for (const name of names.split(',').map((one) => one.trim())) {
    if (name === '') continue
    if (!module[name]) throw new Error(`${path} has no schema of the name ${name}`)
    schemas.set(name, module[name])
  }
}
writeFileSync(join(target, API_TYPES), typesOf(schemas))
