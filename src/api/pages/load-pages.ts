import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

/** One file of the pages, in the forms it can be sent in. */
export interface PageAsset {
  contentType: string
  identity: Buffer
  br: Buffer
  gzip: Buffer
}

/** What `npm run build` made of `src/pages`. */
export interface BuiltPages {
  /** HTML by page, with `{{nonce}}` where each response has its own. */
  html: ReadonlyMap<string, string>
  /** By file name; a name holds a hash of the contents. */
  assets: ReadonlyMap<string, PageAsset>
  /** The script of `<run-code>`. */
  runCode: PageAsset
}

const CONTENT_TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * Reads the pages into memory: they are a few hundred kilobytes.
 * @param folder `dist/pages`
 * @returns undefined when they were not built
 * @throws Error when what is there is none of the build's
 */
export function loadPages(folder: string): BuiltPages | undefined {
  if (!existsSync(folder)) return undefined
  const pages = readdirSync(folder).filter((name) => name.endsWith('.html'))
  const names = readdirSync(join(folder, 'assets')).filter((name) => !/\.(?:br|gz)$/.test(name))
  return {
    html: new Map(pages.map((name) => [name.slice(0, -'.html'.length), readFileSync(join(folder, name), 'utf8')])),
    runCode: readAsset(join(folder, 'run-code.js')),
    assets: new Map(names.map((name) => [name, readAsset(join(folder, 'assets', name))])),
  }
}

function readAsset(file: string): PageAsset {
  const contentType = CONTENT_TYPES[extname(file)]
  if (contentType === undefined) throw new Error(`${file}: no content type is known for its name`)
  return {
    contentType,
    identity: readFileSync(file),
    br: readFileSync(`${file}.br`),
    gzip: readFileSync(`${file}.gz`),
  }
}
