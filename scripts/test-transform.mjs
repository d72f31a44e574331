// How jest loads the few files that it loads itself: those that set its clock, and before them watch-test-file.ts, which is imported
// as scripts/test-runner.mjs imports it, and is handed jest's functions.
import { createHash } from 'node:crypto'
import swc from '@swc/jest'
import { compiledName } from './test-runner.mjs'

const SETUP = /[/\\]watch-test-file\.ts$/

const stub = (kind, path) => `
import { constants, runInThisContext } from 'node:vm'
import * as globals from '@jest/globals'

const load = runInThisContext(\`(globals, url) => {
  globalThis.runyardTestGlobals = globals
  return import(url)
}\`, { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER })
// It is run again for each test file.
await load(globals, \`\${process.env.TEST_BUNDLE_${kind.toUpperCase()}}/${path}?\${performance.now()}\`)
`

export default {
  createTransformer({ kind }) {
    const plain = swc.createTransformer({})
    const code = (path, { config }) => stub(kind, compiledName(config.rootDir, path))
    return {
      canInstrument: false,
      process: (source, path, options) =>
        SETUP.test(path) ? { code: code(path, options) } : plain.process(source, path, options),
      getCacheKey(source, path, options) {
        if (!SETUP.test(path)) return plain.getCacheKey(source, path, options)
        return createHash('sha256').update(code(path, options)).digest('hex')
      },
    }
  },
}
