import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
// @ts-expect-error -- plain JavaScript, as jest's configuration is
import { testKinds } from '../../scripts/test-kinds.mjs'
import { packageRoot } from '../../src/shared/package-root.ts'

export type Kind = 'unit' | 'integration'

/**
 * Compiles all test files of a kind with what they import of `src`, from the sources as they are, and tells
 * `scripts/test-runner.mjs` by the environment where they are. What several files import is in files that they share, so
 * that a process of jest loads it once.
 * @returns what removes it
 */
export async function bundleTests(kind: Kind): Promise<() => Promise<void>> {
  const root = packageRoot()
  // Below the package root it looks for, whose packages it imports; these may be a link to those of another tree.
  await mkdir(join(root, '.runyard'), { recursive: true, mode: 0o700 })
  const outdir = await mkdtemp(join(root, '.runyard/tests-'))
  const { [kind]: files } = testKinds(root) as Record<Kind, string[]>
  const outsideGlobals = join(root, 'tests/support/outside-globals.ts')
  await build({
    absWorkingDir: root,
    entryPoints: [...files.map((file) => relative(root, file)), 'tests/support/watch-test-file.ts'],
    outbase: '.',
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    alias: { '@jest/globals': outsideGlobals },
    // Some files use jest's functions without an import.
    inject: [outsideGlobals],
    sourcemap: 'linked',
    logLevel: 'error',
  })
  process.env[`TEST_BUNDLE_${kind.toUpperCase()}`] = pathToFileURL(outdir).href
  return () => rm(outdir, { recursive: true, force: true })
}
