const { Worker } = require('node:worker_threads')
const spawn = () => new Worker('for (;;) {}', { eval: true }).on('error', () => {})
console.log('multiplying')
for (let i = 0; i < 4; i++) spawn()
