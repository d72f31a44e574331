const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')

const sum = (first, last) =>
  new Promise((resolve) => new Worker(__filename, { workerData: [first, last] }).once('message', resolve))

if (isMainThread) {
  Promise.all([sum(1, 50), sum(51, 100)]).then(([lower, upper]) => console.log(lower + upper))
} else {
  const [first, last] = workerData
  let total = 0
  for (let n = first; n <= last; n++) total += n
  parentPort.postMessage(total)
}
