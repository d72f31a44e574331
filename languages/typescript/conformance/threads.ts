import { Worker } from 'node:worker_threads'

const code = `
  const { parentPort, workerData: [first, last] } = require('node:worker_threads')
  let total = 0
  for (let n = first; n <= last; n++) total += n
  parentPort.postMessage(total)
`
const sum = (first: number, last: number): Promise<number> =>
  new Promise((resolve) => new Worker(code, { eval: true, workerData: [first, last] }).once('message', resolve))

void Promise.all([sum(1, 50), sum(51, 100)]).then(([lower, upper]) => console.log(lower + upper))
