// Bundles the pages of src/pages into dist/pages: one HTML file each, and assets/ with hashed names that can be cached for
// ever, each beside its compressed forms. Part of `npm run build`.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, 'src/pages')
const target = join(root, 'dist/pages')
const assets = join(target, 'assets')

/** Each page's entry is `src/pages/<name>/main.tsx`. */
const PAGES = {
  playground: { title: 'Runyard playground', description: 'Run code in a sandbox, and watch its output as it comes.' },
  notebook: {
    title: 'Runyard notebook',
    description: 'Cells of code and text, run in a sandbox that keeps its state.',
  },
  admin: { title: 'Runyard admin', description: "The operator's view of Runyard." },
}

const COMMON = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  metafile: true,
  target: ['es2022'],
  outdir: assets,
  entryNames: '[name]-[hash]',
  chunkNames: 'part-[hash]',
  assetNames: '[name]-[hash]',
  loader: { '.svg': 'copy' },
  legalComments: 'none',
  logLevel: 'warning',
}

rmSync(target, { recursive: true, force: true })
mkdirSync(assets, { recursive: true })

const pages = await build({
  ...COMMON,
  entryPoints: Object.keys(PAGES).map((name) => ({ in: join(source, name, 'main.tsx'), out: name })),
  format: 'esm',
  splitting: true,
  // The libraries' own checks for developers.
  define: { 'process.env.NODE_ENV': '"production"' },
})
const extras = await build({
  ...COMMON,
  // Runs before the first paint, so it is no module.
  entryPoints: [join(source, 'design/theme-first.ts'), join(source, 'design/favicon.svg')],
  format: 'iife',
})

// For other sites' pages: one file whose name stays.
await build({
  ...COMMON,
  entryPoints: [{ in: join(source, 'run-code/main.ts'), out: 'run-code' }],
  entryNames: '[name]',
  outdir: target,
  format: 'iife',
})

// What a sandboxed frame shows. Its origin is nobody's, so it can load no file: its script stands in the page.
const frame = await build({
  ...COMMON,
  entryPoints: [join(source, 'notebook/frame.ts')],
  format: 'iife',
  write: false,
})
const frameHtml = readFileSync(join(source, 'notebook/frame.html'), 'utf8')
const emptyScript = '<script nonce="{{nonce}}"></script>'
if (!frameHtml.includes(emptyScript)) throw new Error(`frame.html has no ${emptyScript}`)
writeFileSync(
  join(target, 'notebook-frame.html'),
  frameHtml.replace(emptyScript, () => emptyScript.replace('></', () => `>${frame.outputFiles[0]?.text.trim()}</`)),
)

const url = (output) => `/assets/${basename(output)}`
const builtFrom = ({ outputs }, entry) => {
  const found = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === entry)
  if (!found) throw new Error(`nothing was built from ${entry}`)
  return { output: found[0], ...found[1] }
}
const favicon = Object.keys(extras.metafile.outputs).find((output) => /favicon-\w+\.svg$/.test(output))
const theme = builtFrom(extras.metafile, 'src/pages/design/theme-first.ts').output

const template = readFileSync(join(source, 'page.html'), 'utf8')
for (const [name, { title, description }] of Object.entries(PAGES)) {
  const { output, cssBundle, imports } = builtFrom(pages.metafile, `src/pages/${name}/main.tsx`)
  const preloads = imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => url(path))
  const lines = {
    title,
    description,
    favicon: url(favicon),
    theme: url(theme),
    // The nonce is the gateway's to fill in, for each response.
    styles: cssBundle ? `<link rel="stylesheet" href="${url(cssBundle)}" nonce="{{nonce}}" />` : '',
    scripts: [
      ...preloads.map((path) => `<link rel="modulepreload" href="${path}" />`),
      `<script type="module" src="${url(output)}"></script>`,
    ].join('\n    '),
  }
  const html = template.replaceAll(/\{\{(\w+)\}\}/g, (whole, word) => {
    if (!(word in lines)) throw new Error(`page.html: nothing is known of ${whole}`)
    return lines[word]
  })
  writeFileSync(join(target, `${name}.html`), html)
}

for (const file of [...readdirSync(assets).map((name) => join(assets, name)), join(target, 'run-code.js')]) {
  const bytes = readFileSync(file)
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
}
