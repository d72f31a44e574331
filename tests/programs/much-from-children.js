const { fork, spawnSync } = require('child_process')
const { Worker, isMainThread } = require('worker_threads')
const write = () => process.stdout.write('x'.repeat(200000))

if (!isMainThread) write()
else if (process.argv[2] === 'child') {
  write()
  process.exit()
} else {
  spawnSync('node', [__filename, 'child'], { stdio: 'inherit' })
  fork(__filename, ['child']).on('exit', () => new Worker(__filename))
}
