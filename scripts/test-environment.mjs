// jest's environments. What node itself loads needs none of its realms: see scripts/test-runner.mjs.
import asyncHooks from 'node:async_hooks'
import { TestEnvironment } from 'jest-environment-node'
import { ModuleMocker } from 'jest-mock'
import { isCompiled } from './test-runner.mjs'

/** For a file that node loads: what jest asks of an environment. */
class Bare {
  global = {}
  moduleMocker = new ModuleMocker(globalThis)
  fakeTimers = null
  fakeTimersModern = null
  getVmContext = () => null
  async setup() {}
  async teardown() {}
}

// What jest-circus 30 leaves: for each test file it makes an AsyncLocalStorage and never disables it. Node 20 copies the store of every
// one that was ever used into each new promise, timer and callback: by the fortieth file of a process that took a sixth of all its time,
// and kept every file's memory.
const withoutStorages = (Environment) =>
  class extends Environment {
    #storages = new Set()
    #restore = () => {}

    async setup() {
      await super.setup()
      const storages = this.#storages
      const { AsyncLocalStorage } = asyncHooks
      this.#restore = () => (asyncHooks.AsyncLocalStorage = AsyncLocalStorage)
      asyncHooks.AsyncLocalStorage = class extends AsyncLocalStorage {
        constructor(...args) {
          super(...args)
          storages.add(this)
        }
      }
    }

    async handleTestEvent({ name }) {
      // Before any test file has been loaded, so that what tests and packages make is left alone.
      if (name === 'setup') this.#restore()
    }

    async teardown() {
      this.#restore()
      for (const storage of this.#storages) storage.disable()
      await super.teardown()
    }
  }

const OfNode = withoutStorages(Bare)
const OfJest = withoutStorages(TestEnvironment)

export default class {
  constructor(config, context) {
    return isCompiled(context.testPath) ? new OfNode() : new OfJest(config, context)
  }
}
