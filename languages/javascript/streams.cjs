'use strict'
// Makes the standard streams behave as at a terminal where they are pipes. Node touches each when a program first uses it, and so does
// this: afterwards `process` has its own property again.
//
// - Output is written before `write` returns. Otherwise Node keeps what the pipe does not take at once (64 KiB), and loses it at
//   `process.exit`, at an uncaught error, and when a limit ends a program that does not return to the event loop.
// - Input is not read ahead. Otherwise Node reads on after `pause`, which is what `readline` calls when it closes, and an open
//   pipe keeps the program alive.
const adapt = {
  stdin: (stream) => {
    stream._readableState.highWaterMark = 0
  },
  stdout: (stream) => stream._handle.setBlocking(true),
  stderr: (stream) => stream._handle.setBlocking(true),
}

// In a worker thread the streams lead to those of the main thread.
if (require('worker_threads').isMainThread) {
  for (const name of Object.keys(adapt)) {
    const own = Object.getOwnPropertyDescriptor(process, name)
    Object.defineProperty(process, name, {
      ...own,
      get() {
        Object.defineProperty(process, name, own)
        const stream = process[name]
        // A file has no handle.
        if (stream._handle) adapt[name](stream)
        return stream
      },
    })
  }
  // The stack is the job's limit: no business of what the program starts with `process.execArgv`, and no option of a worker thread.
  process.execArgv = process.execArgv.filter((option) => !option.startsWith('--stack-size='))
}
delete require.cache[__filename]
