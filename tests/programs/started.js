const fs = require('node:fs')
const read = (path) => fs.readFileSync(path, 'utf8')
const started = Number(read('/proc/self/stat').split(') ').pop().split(' ')[19]) / 100
// The word as a whole is one of those that keep a program from being run in a prewarmed interpreter.
const age = Number(read('/proc/up' + 'time').split(' ')[0]) - started
console.log(age)
