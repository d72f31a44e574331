// How jest loads a TypeScript file. A test file is not run among jest's modules, which jest links anew for each file, packages
// and all: it is imported as node imports it, from what tests/support/bundle-tests.ts has compiled for the run, and is handed
// jest's functions. Whatever it imports is then loaded once for each of jest's processes. Only jest's clock works on its own
// modules alone, so that files that set it are loaded as jest does it.
import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import swc from '@swc/jest'

const COMPILED = /[/\\]tests[/\\].*(?:\.test|\bwatch-test-file)\.ts$/
const OWN_CLOCK = 'jest.useFakeTimers('

const stub = (kind, path) => `
import { constants, runInThisContext } from 'node:vm'
import * as globals from '@jest/globals'

const load = runInThisContext(\`(globals, url) => {
  globalThis.runyardTestGlobals = globals
  return import(url)
}\`, { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER })
const bundle = process.env.TEST_BUNDLE_${kind.toUpperCase()}
// A setup file is run again for each test file.
await load(globals, \`\${bundle}/${path}${path.endsWith('.test.js') ? '' : '?${performance.now()}'}\`)
`

export default {
  createTransformer({ kind }) {
    const plain = swc.createTransformer({})
    const isCompiled = (source, path) => COMPILED.test(path) && !source.includes(OWN_CLOCK)
    const code = (path, { config }) =>
      stub(kind, relative(config.rootDir, path).replaceAll('\\', '/').replace(/ts$/, 'js'))
    return {
      canInstrument: false,
      process: (source, path, options) =>
        isCompiled(source, path) ? { code: code(path, options) } : plain.process(source, path, options),
      getCacheKey(source, path, options) {
        if (!isCompiled(source, path)) return plain.getCacheKey(source, path, options)
        return createHash('sha256').update(code(path, options)).digest('hex')
      },
    }
  },
}
