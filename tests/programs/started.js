const stat = require('node:fs').readFileSync('/proc/self/stat', 'utf8')
console.log(Number(stat.split(') ').pop().split(' ')[19]) / 100)
