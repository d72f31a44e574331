// jest's environment for node, without what jest-circus 30 leaves: for each test file it makes an AsyncLocalStorage and never
// disables it. Node 20 copies the store of every one that was ever used into each new promise, timer and callback: by the
// fortieth file of a process that took a sixth of all its time, and kept every file's memory.
import asyncHooks from 'node:async_hooks'
import { TestEnvironment } from 'jest-environment-node'

export default class extends TestEnvironment {
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
