'use strict'
// Required ahead of a program that is waited for: requires the modules that are named behind it, until it is there. What they print
// meanwhile is lost. A module that cannot be loaded fails where the program loads it. What a program finds of this are the modules, and what
// those started or changed as they were loaded.
const { statSync } = require('node:fs')
const { createRequire } = require('node:module')

let isAhead = true

/** Has `own` called in place of a method while modules are loaded. One that a module keeps does as ever afterwards. */
function replace(object, name, own) {
  const before = Object.getOwnPropertyDescriptor(object, name)
  const method = object[name]
  const value = function (...args) {
    return isAhead ? own() : method.apply(this, args)
  }
  Object.defineProperty(object, name, { value, configurable: true, writable: true })
  return () => {
    if (object[name] !== value) return
    if (before) Object.defineProperty(object, name, before)
    else delete object[name]
  }
}

function loadAll(names) {
  const [, program] = process.argv
  const load = createRequire(program)
  const written = () => true
  const restore = [
    replace(process.stdout, 'write', written),
    replace(process.stderr, 'write', written),
    // Node writes a warning when it comes to its event loop, in the program's time.
    replace(process, 'emitWarning', () => undefined),
    replace(process, 'exit', () => {
      throw new Error('exit')
    }),
  ]
  for (const name of names) {
    if (!statSync(program).isFIFO()) break
    try {
      load(name)
    } catch {
      // The program finds out.
    }
  }
  isAhead = false
  for (const one of restore) one()
}

process.execArgv = process.execArgv.filter((option) => option !== `--require=${__filename}`)
// Worker threads of the program have the options of its command too.
if (require('node:worker_threads').isMainThread) loadAll(process.argv.splice(2))
delete require.cache[__filename]
