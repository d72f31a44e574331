import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { packageRoot } from '../../src/shared/package-root.ts'
import { BUNDLE } from './load-services.ts'

/**
 * Compiles what `loadServices` loads, from the sources as they are, and tells where it is by the environment.
 * @returns what removes it
 */
export async function bundleServices(): Promise<() => Promise<void>> {
  const root = packageRoot()
  // Below the packages it imports, and the package root it looks for.
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const outdir = await mkdtemp(join(cache, 'runyard-services-'))
  await build({
    absWorkingDir: root,
    entryPoints: ['tests/support/services.ts'],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'silent',
  })
  process.env[BUNDLE] = pathToFileURL(join(outdir, 'services.js')).href
  return () => rm(outdir, { recursive: true, force: true })
}
