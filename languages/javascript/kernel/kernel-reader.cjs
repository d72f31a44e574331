'use strict'
// The kernel's second thread: it reads what the bridge sends. Requests go to the first thread. An interrupt does too, and when that
// thread does not see it, since it runs code that returns to nothing, the code is ended and what it waits for gets SIGINT.
const { parentPort, workerData } = require('node:worker_threads')
const inspector = require('node:inspector')
const { Socket } = require('node:net')

const { state, answers, fd } = workerData
const SEEN = 0
const ANSWERED = 1
const SEEN_MS = 50

const session = new inspector.Session()
session.connectToMainThread()

const answer = (message) => {
  answers.postMessage(message)
  Atomics.add(state, ANSWERED, 1)
  Atomics.notify(state, ANSWERED)
}

function interrupt() {
  const seen = Atomics.load(state, SEEN)
  parentPort.postMessage('interrupt')
  if (Atomics.wait(state, SEEN, seen, SEEN_MS) !== 'timed-out') return
  session.post('Runtime.terminateExecution', () => undefined)
  // It may wait for an answer, or for a process.
  answer({ interrupted: true })
  process.kill(-process.pid, 'SIGINT')
}

function take(line) {
  const { type, id, content } = JSON.parse(line)
  if (type === 'interrupt_request') interrupt()
  else if (type === 'input_reply') answer({ value: String(content.value) })
  else parentPort.postMessage({ type, id, content })
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
