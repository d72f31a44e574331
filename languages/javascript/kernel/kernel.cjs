'use strict'
// A kernel for JavaScript, and with `--typescript` or `--coffeescript` for those. It speaks the line protocol of docs/sessions.md: requests and messages
// on two descriptors, one JSON object a line; the bridge has its standard output.
//
// Code is evaluated by V8's inspector in `replMode`, as consoles of browsers and Deno do: `const` may be declared again, and `await`
// stands at the top. A second thread reads the requests, so that an interrupt is heard while the first one runs a loop without end.
const { Worker, MessageChannel, receiveMessageOnPort } = require('node:worker_threads')
const inspector = require('node:inspector')
const { writeSync } = require('node:fs')
const { createRequire } = require('node:module')
const { join } = require('node:path')
const { Writable } = require('node:stream')
const util = require('node:util')
const { toScript, completeness, warmUp } = require('./kernel-source.cjs')
const { bundleOf, createDisplay } = require('./kernel-display.cjs')

const OUT = Number(process.env.RUNYARD_MESSAGES_FD)
const IN = Number(process.env.RUNYARD_REQUESTS_FD)
delete process.env.RUNYARD_MESSAGES_FD
delete process.env.RUNYARD_REQUESTS_FD
const language = ['typescript', 'coffeescript'].find((name) => process.argv.includes(`--${name}`)) ?? 'javascript'
const EXTENSIONS = { javascript: '.js', typescript: '.ts', coffeescript: '.coffee' }
const state = new Int32Array(new SharedArrayBuffer(16))
/**
 * Of `state`: interrupts that the main thread has seen; answers to `prompt`; the number of the execution that runs, 0 for none, negative while the
 * reader has its code ended; the number of the last that is over.
 */
const [SEEN, ANSWERED, RUNNING, OVER] = [0, 1, 2, 3]

let parent = null
let count = 0
/** The execution that runs: its number, what came of it, and how it is interrupted. */
let running
let allowInput = false

const say = (channel, type, content, metadata = {}) => {
  let rest = Buffer.from(`${JSON.stringify({ channel, type, parent, content, metadata })}\n`)
  while (rest.length > 0) rest = rest.subarray(writeSync(OUT, rest))
}

// --- evaluation ---

const session = new inspector.Session()
session.connect()
const post = (method, params) =>
  new Promise((resolve, reject) =>
    session.post(method, params, (error, result) => (error ? reject(error) : resolve(result))),
  )

let taken
let globalId
const TAKE = Symbol.for('runyard.take')
Object.defineProperty(globalThis, TAKE, { value: (value) => (taken = value) })
/** What stands behind a remote object of the inspector. */
async function valueOf(remote) {
  if (remote.objectId === undefined) {
    if (remote.unserializableValue === undefined) return remote.value
    const text = remote.unserializableValue
    return text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text)
  }
  globalId ??= (await post('Runtime.evaluate', { expression: 'globalThis' })).result.objectId
  const functionDeclaration = `function (value) { this[Symbol.for('runyard.take')](value) }`
  await post('Runtime.callFunctionOn', {
    functionDeclaration,
    objectId: globalId,
    arguments: [{ objectId: remote.objectId }],
  })
  const value = taken
  taken = undefined
  return value
}

class Interrupted extends Error {
  name = 'Interrupted'

  constructor() {
    super('the execution was interrupted')
  }
}

async function evaluate(code) {
  const { script, fault } = toScript(code, language)
  if (fault)
    throw Object.assign(new SyntaxError(fault.message), {
      stack: `SyntaxError: ${fault.message}`,
      shown: fault.snippet,
    })
  const expression = `${script}\n//# sourceURL=cell-${count}.js`
  const params = { expression, replMode: true, awaitPromise: true, objectGroup: 'cell' }
  const { result, exceptionDetails } = await post('Runtime.evaluate', params).catch((error) => {
    throw error.code === 'ERR_INSPECTOR_COMMAND' ? new Interrupted() : error
  })
  if (!exceptionDetails) return valueOf(result)
  const thrown = await valueOf(exceptionDetails.exception ?? result)
  if (thrown instanceof SyntaxError && exceptionDetails.stackTrace === undefined) {
    const { lineNumber, columnNumber } = exceptionDetails
    const line = script.split('\n')[lineNumber]
    if (line !== undefined) thrown.shown = `cell-${count}.js:${lineNumber + 1}\n${line}\n${' '.repeat(columnNumber)}^\n`
  }
  throw { thrown }
}

/** What is told of an error's value, and of its traceback, in characters. */
const MOST_ERROR = 1024 * 1024

/** Name, value and traceback of what was thrown, without the frames of this kernel. */
function errorOf(error) {
  const thrown = error instanceof Error ? error : error?.thrown
  if (!util.types.isNativeError(thrown)) {
    const value = util.inspect(thrown)
    return toldOf('Uncaught', value, [`Uncaught ${value}`])
  }
  const frames = String(thrown.stack ?? '').split('\n')
  const end = frames.findIndex((line) => /^\s+at (Session\.post|.*kernel\.cjs)/.test(line))
  const stack = (end < 0 ? frames : frames.slice(0, end)).filter((line) => !line.includes('(node:inspector'))
  const traceback = [...(thrown.shown ? thrown.shown.split('\n').filter((line) => line !== '') : []), ...stack]
  if (thrown.cause !== undefined) traceback.push(`[cause]: ${util.inspect(thrown.cause)}`)
  return toldOf(String(thrown.name || 'Error'), String(thrown.message), traceback)
}

/** An error whose reply is small enough to be passed on: who has no reply waits for one. */
function toldOf(name, value, traceback) {
  let left = MOST_ERROR
  const cut = (text) => {
    const kept = text.length <= left ? text : `${text.slice(0, left)} ...`
    left = Math.max(0, left - text.length)
    return kept
  }
  const evalue = cut(value)
  left = MOST_ERROR
  return { ename: name.slice(0, 1024), evalue, traceback: traceback.flatMap((line) => (left > 0 ? [cut(line)] : [])) }
}

function execute({ number, content: { code, silent, allow_stdin: mayAsk } }) {
  if (!silent) count++
  allowInput = mayAsk
  if (!silent) say('iopub', 'execute_input', { code, execution_count: count })
  const mine = { number, outcome: undefined, interrupt: undefined, isInterrupted: false }
  const interrupted = new Promise((_, reject) => (mine.interrupt = () => reject(new Interrupted())))
  // Whoever waits for it may have been ended before it began to.
  interrupted.catch(() => undefined)
  running = mine
  Atomics.store(state, RUNNING, number)
  const come = (outcome) => {
    mine.outcome ??= outcome
    if (running === mine) end()
  }
  Promise.race([shownOf(code, silent), interrupted]).then(
    (shown) => come({ shown }),
    (error) => come({ error: errorOf(error) }),
  )
}

async function shownOf(code, silent) {
  const value = await evaluate(code)
  return silent || value === undefined ? undefined : { ...(await bundleOf(value)), execution_count: count }
}

/**
 * Tells what came of the execution that runs, and goes on; not while the reader has its code ended: what runs in that place is ended. It asks again
 * until this has told.
 */
function end() {
  const { number, outcome } = running
  if (Atomics.compareExchange(state, RUNNING, number, 0) !== number) return
  Atomics.store(state, OVER, number)
  running = undefined
  const { shown, error } = outcome
  let reply = { status: 'ok', execution_count: count, user_expressions: {}, payload: [] }
  if (shown !== undefined) say('iopub', 'execute_result', shown)
  if (error !== undefined) {
    say('iopub', 'error', error)
    reply = { status: 'error', execution_count: count, ...error }
  }
  post('Runtime.releaseObjectGroup', { objectGroup: 'cell' }).catch(() => undefined)
  say('shell', 'execute_reply', reply)
  done()
}

function heedInterrupt(number) {
  if (running?.number !== number) return
  if (running.outcome) return end()
  if (!running.isInterrupted) {
    running.isInterrupted = true
    return running.interrupt()
  }
  // The first one has told nothing: what would have done so was ended with the code.
  running.outcome = { error: errorOf(new Interrupted()) }
  end()
}

// --- what code finds ---

/**
 * Standard output and error: written when `write` returns. Code may be ended in the middle of that, and a stream of Node's that was ended so
 * writes nothing any more: this has no state.
 */
class Output extends Writable {
  _type = 'pipe'

  constructor(fd) {
    super({ decodeStrings: false })
    this.fd = fd
  }

  write(chunk, encoding, callback) {
    let rest = typeof chunk === 'string' ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8') : chunk
    do rest = rest.subarray(this.writeSome(rest))
    while (rest.length > 0)
    const written = typeof encoding === 'function' ? encoding : callback
    if (written) process.nextTick(written)
    return true
  }

  writeSome(bytes) {
    try {
      return writeSync(this.fd, bytes)
    } catch (error) {
      // A program that was started made it so that it does not wait.
      if (error.code !== 'EAGAIN') throw error
      Atomics.wait(pause, 0, 0, 1)
      return 0
    }
  }

  /** It stays open. */
  end(chunk, encoding, callback) {
    const [written] = [chunk, encoding, callback].filter((one) => typeof one === 'function')
    if (chunk !== undefined && typeof chunk !== 'function') this.write(chunk, encoding)
    if (written) process.nextTick(written)
    return this
  }
}
const pause = new Int32Array(new SharedArrayBuffer(4))
for (const [name, fd] of [
  ['stdout', 1],
  ['stderr', 2],
]) {
  const output = new Output(fd)
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => output })
}

globalThis.require = createRequire(join(process.cwd(), 'cell.js'))
globalThis.module = { exports: {} }
globalThis.exports = globalThis.module.exports
globalThis.__dirname = process.cwd()
globalThis.__filename = join(process.cwd(), 'cell.js')
globalThis.display = createDisplay((type, content) => say('iopub', type, content))

/** As in a browser: asks whoever runs the code, and waits. */
globalThis.prompt = (text = '') => {
  if (!allowInput) throw new Error('prompt: the request does not allow input')
  // One that came while nobody asked.
  while (receiveMessageOnPort(answers.port1));
  const before = Atomics.load(state, ANSWERED)
  say('stdin', 'input_request', { prompt: String(text), password: false })
  Atomics.wait(state, ANSWERED, before)
  const answer = receiveMessageOnPort(answers.port1)?.message
  if (answer === undefined || answer.interrupted) throw new Interrupted()
  return answer.value
}

// --- completion and inspection ---

const PATH = /((?:[\p{ID_Start}$_][\p{ID_Continue}$]*\??\.)*)([\p{ID_Start}$_][\p{ID_Continue}$]*)?$/u
const look = async (expression) => {
  const { result, exceptionDetails } = await post('Runtime.evaluate', {
    expression,
    replMode: true,
    throwOnSideEffect: true,
  })
  return exceptionDetails ? undefined : { value: await valueOf(result) }
}
const points = (text) => [...text].length

async function complete({ code, cursor_pos: cursor }) {
  const before = [...code].slice(0, cursor).join('')
  const [, path = '', start = ''] = PATH.exec(before) ?? []
  const names = new Set()
  if (path === '') {
    for (const name of (await post('Runtime.globalLexicalScopeNames', {})).names) names.add(name)
    for (const name of Object.getOwnPropertyNames(globalThis)) names.add(name)
  } else {
    const owner = await look(path.replace(/\??\.$/, ''))
    for (let at = owner?.value; at !== undefined && at !== null; at = Object.getPrototypeOf(Object(at))) {
      for (const name of Object.getOwnPropertyNames(at)) names.add(name)
      if (typeof at !== 'object' && typeof at !== 'function') at = Object.getPrototypeOf(Object(at))
    }
  }
  const matches = [...names]
    .filter((name) => name.startsWith(start) && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name))
    .sort()
  const end = points(before)
  say('shell', 'complete_reply', {
    status: 'ok',
    matches,
    cursor_start: end - points(start),
    cursor_end: end,
    metadata: {},
  })
}

async function inspect({ code, cursor_pos: cursor, detail_level: level }) {
  const all = [...code]
  const rest = /^[\p{ID_Continue}$]*/u.exec(all.slice(cursor).join(''))?.[0] ?? ''
  const [name = ''] = PATH.exec(all.slice(0, cursor).join('') + rest) ?? []
  const found = name === '' ? undefined : await look(name)
  if (!found) return say('shell', 'inspect_reply', { status: 'ok', found: false, data: {}, metadata: {} })
  const { value } = found
  const lines = [util.inspect(value, { depth: level > 0 ? 4 : 1 })]
  if (typeof value === 'function')
    lines.push(Function.prototype.toString.call(value).slice(0, level > 0 ? 20_000 : 400))
  say('shell', 'inspect_reply', { status: 'ok', found: true, data: { 'text/plain': lines.join('\n') }, metadata: {} })
}

// --- requests ---

const INFO = {
  status: 'ok',
  protocol_version: '5.3',
  implementation: 'runyard-javascript',
  implementation_version: '1',
  language_info: {
    name: language,
    version: process.versions.node,
    mimetype: `text/${language}`,
    file_extension: EXTENSIONS[language],
  },
  banner: `Node.js ${process.version}`,
}
const HANDLERS = {
  complete_request: complete,
  inspect_request: inspect,
  is_complete_request: ({ code }) => say('shell', 'is_complete_reply', completeness(code, language)),
  kernel_info_request: () => say('shell', 'kernel_info_reply', INFO),
  history_request: () => say('shell', 'history_reply', { status: 'ok', history: [] }),
  comm_info_request: () => say('shell', 'comm_info_reply', { status: 'ok', comms: {} }),
}

/** Requests; the first is the one that is handled. */
const queue = []

function next() {
  if (queue.length === 0) return
  const [message] = queue
  parent = message.id
  say('iopub', 'status', { execution_state: 'busy' })
  if (message.type === 'execute_request') execute(message)
  else void answerRequest(message).then(done)
}

async function answerRequest({ type, content }) {
  try {
    await HANDLERS[type]?.(content)
  } catch (error) {
    say('shell', type.replace(/request$/, 'reply'), { status: 'error', ...errorOf(error) })
  }
}

function done() {
  say('iopub', 'status', { execution_state: 'idle' })
  queue.shift()
  next()
}

process.on('SIGINT', () => undefined)
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => process.stderr.write(`${errorOf({ thrown: error }).traceback.join('\n')}\n`))
}
const answers = new MessageChannel()
const reader = new Worker(join(__dirname, 'kernel-reader.cjs'), {
  workerData: { state, answers: answers.port2, fd: IN },
  transferList: [answers.port2],
  // The reader has nothing of a program.
  env: {},
  execArgv: [],
})
reader.on('message', (message) => {
  if (message.type === 'interrupt') {
    Atomics.add(state, SEEN, 1)
    Atomics.notify(state, SEEN)
    return heedInterrupt(message.number)
  }
  queue.push(message)
  if (queue.length === 1) next()
})
reader.on('exit', () => process.exit(0))
warmUp(language)
post('Runtime.evaluate', { expression: '0', replMode: true, awaitPromise: true }).then(() =>
  say('shell', 'ready', INFO),
)
