'use strict'
// The kernel's second thread: it reads what the bridge sends. Requests go to the first thread. An interrupt does too, and when that
// thread does not see it, since it runs code that returns to nothing, the code is ended and what it waits for gets SIGINT: as often as it takes.
const { parentPort, workerData } = require('node:worker_threads')
const inspector = require('node:inspector')
const { readFileSync } = require('node:fs')
const { Socket } = require('node:net')

const { state, answers, fd } = workerData
/** As in kernel.cjs. */
const [SEEN, ANSWERED, RUNNING, OVER] = [0, 1, 2, 3]
const STEP_MS = 10
/** The first thread is in code that does not return when it has run so long, or slept so many steps, with the message before it. */
const BUSY_MS = 30
const ASLEEP_STEPS = 5
/** It may wait for a processor: so long, and it is asked again. */
const MOST_STEPS = 100
const AGAIN_MS = 100
const BEGIN_MS = 5

const session = new inspector.Session()
session.connectToMainThread()

const answer = (message) => {
  answers.postMessage(message)
  Atomics.add(state, ANSWERED, 1)
  Atomics.notify(state, ANSWERED)
}

/** Numbers of executions, which run in their order: the last that was passed on, the last that was to be interrupted. */
let passedOn = 0
let asked = 0

function interruptRequested() {
  // The one that runs, or is about to.
  const number = Atomics.load(state, OVER) + 1
  if (number > passedOn || number === asked) return
  asked = number
  interrupt()
}

/** The first thread: how long it ran, in ms, and whether it waits for something. */
function firstThread() {
  const folder = `/proc/self/task/${process.pid}`
  try {
    const [nanoseconds] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ')
    const [state] = readFileSync(`${folder}/stat`, 'utf8').split(') ').at(-1)
    return { ms: Number(nanoseconds) / 1e6, isAsleep: state === 'S' || state === 'D' }
  } catch {
    // Nothing tells: as if it had slept.
    return { ms: 0, isAsleep: true }
  }
}

/** Whether it runs, or waits in, code that does not return to its messages. */
function isBusy(seen) {
  const { ms: before } = firstThread()
  let last = before
  let asleep = 0
  for (let step = 0; step < MOST_STEPS; step++) {
    if (Atomics.wait(state, SEEN, seen, STEP_MS) !== 'timed-out') return false
    const { ms, isAsleep } = firstThread()
    asleep = isAsleep && ms === last ? asleep + 1 : 0
    if (ms - before >= BUSY_MS || asleep >= ASLEEP_STEPS) return true
    last = ms
  }
  return false
}

/** When it is looked at again. */
let again

/** Until it is over. V8 may end something else of the first thread in its place, such as the very message. */
function interrupt() {
  // Of an execution before.
  clearTimeout(again)
  if (Atomics.load(state, OVER) >= asked) return
  const number = asked
  const seen = Atomics.load(state, SEEN)
  parentPort.postMessage({ type: 'interrupt', number })
  if (isBusy(seen)) {
    // While one end is on its way there is no other, and nothing else begins.
    if (Atomics.compareExchange(state, RUNNING, number, -number) === number) {
      session.post('Runtime.terminateExecution', () => {
        Atomics.compareExchange(state, RUNNING, -number, number)
        for (const request of held.splice(0)) parentPort.postMessage(request)
      })
    }
    if (Math.abs(Atomics.load(state, RUNNING)) === number) {
      // It may wait for an answer, or for a process.
      answer({ interrupted: true })
      process.kill(-process.pid, 'SIGINT')
    }
  }
  again = setTimeout(interrupt, Atomics.load(state, RUNNING) === 0 ? BEGIN_MS : AGAIN_MS)
}

/** Requests that came while code was to be ended: their messages could be ended in its place. */
const held = []

function passOn(request) {
  if (Atomics.load(state, RUNNING) < 0) held.push(request)
  else parentPort.postMessage(request)
}

function take(line) {
  const { type, id, content } = JSON.parse(line)
  if (type === 'interrupt_request') interruptRequested()
  else if (type === 'input_reply') answer({ value: String(content.value) })
  else passOn({ type, id, content, ...(type === 'execute_request' && { number: ++passedOn }) })
}

let rest = ''
const input = new Socket({ fd, readable: true, writable: false })
input.setEncoding('utf8')
input.on('data', (text) => {
  const lines = (rest + text).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) take(line)
})
input.on('close', () => process.exit(0))
