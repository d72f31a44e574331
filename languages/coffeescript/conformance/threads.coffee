{ Worker } = require 'worker_threads'

code = '''
  const { parentPort, workerData: [first, last] } = require('worker_threads')
  let total = 0
  for (let n = first; n <= last; n++) total += n
  parentPort.postMessage(total)
'''
sum = (first, last) -> new Promise (resolve) ->
  new Worker(code, eval: true, workerData: [first, last]).once 'message', resolve

do ->
  [lower, upper] = await Promise.all [sum(1, 50), sum(51, 100)]
  console.log lower + upper
