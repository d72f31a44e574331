// How jest runs a test file. What tests/support/bundle-tests.ts has compiled is imported as node imports it, and needs none of jest's
// modules: jest's own runner is handed a stand-in for them that loads with node. Made anew for each file, as jest does it, they take a
// quarter of a second of a processor, and leave hundreds of megabytes to collect in a run. Only jest's clock works on its own modules
// alone, so that files that set it are loaded as jest does it.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { relative } from 'node:path'
import { compileFunction } from 'node:vm'
import runner from 'jest-circus/runner'
import { ModuleMocker } from 'jest-mock'

const require = createRequire(import.meta.url)
const OWN_CLOCK = 'jest.useFakeTimers('
const { default: circus } = runner

/** Whether a test file is loaded by node. @param {string} path */
export const isCompiled = (path) => !readFileSync(path, 'utf8').includes(OWN_CLOCK)

/** What a file is called in the folder of compiled ones. @param {string} rootDir @param {string} path */
export const compiledName = (rootDir, path) => relative(rootDir, path).replaceAll('\\', '/').replace(/ts$/, 'js')

/** What jest has on `globalThis` for one test file. */
const OF_ONE_FILE = ['JEST_STATE_SYMBOL', 'EVENT_HANDLERS', 'TEST_TIMEOUT_SYMBOL']

const compiledAdapters = new Map()

/** Jest's runner of tests with a state of its own, for one file. */
function newAdapter(path) {
  let evaluate = compiledAdapters.get(path)
  if (!evaluate) {
    evaluate = compileFunction(readFileSync(path, 'utf8'), ['module', 'exports', 'require'], { filename: path })
    compiledAdapters.set(path, evaluate)
  }
  const module = { exports: {} }
  evaluate(module, module.exports, createRequire(path))
  return module.exports
}

function forgetFile() {
  for (const symbol of Object.getOwnPropertySymbols(globalThis))
    if (OF_ONE_FILE.includes(symbol.description)) delete globalThis[symbol]
}

async function runCompiled(globalConfig, config, environment, testPath, sendMessageToJest) {
  const bundle = process.env[`TEST_BUNDLE_${config.displayName.name.toUpperCase()}`]
  const mocker = new ModuleMocker(globalThis)
  const jest = {
    fn: mocker.fn.bind(mocker),
    spyOn: mocker.spyOn.bind(mocker),
    restoreAllMocks: () => mocker.restoreAllMocks(),
    setTimeout: (ms) => (globalThis[Symbol.for('TEST_TIMEOUT_SYMBOL')] = ms),
  }
  const modules = {
    requireInternalModule: newAdapter,
    requireModule: require,
    unstable_shouldLoadAsEsm: () => true,
    unstable_importModule(path) {
      const compiled = `${bundle}/${compiledName(config.rootDir, path)}`
      // A setup file is run again for each test file.
      return import(path === testPath ? compiled : `${compiled}?${performance.now()}`)
    },
    setGlobalsForRuntime: (globals) => (globalThis.runyardTestGlobals = { ...globals, jest }),
    enterTestCode: () => {},
    leaveTestCode: () => {},
  }
  try {
    return await circus(globalConfig, config, environment, modules, testPath, sendMessageToJest)
  } finally {
    mocker.restoreAllMocks()
    forgetFile()
  }
}

export default (globalConfig, config, environment, runtime, testPath, sendMessageToJest) =>
  isCompiled(testPath)
    ? runCompiled(globalConfig, config, environment, testPath, sendMessageToJest)
    : circus(globalConfig, config, environment, runtime, testPath, sendMessageToJest)
