// Writes more than a pipe holds, and then does what its argument says.
process.stdout.write('x'.repeat(300000))
process.stderr.write('y'.repeat(200000))
const after = {
  exit: () => process.exit(),
  throw: () => {
    throw new TypeError('no such luck')
  },
  abort: () => process.kill(process.pid, 'SIGKILL'),
  spin: () => {
    for (;;);
  },
  write: () => require('fs').writeSync(1, 'x'.repeat(300000)),
}
after[process.argv[2] ?? 'exit']()
