console.log(require('node:fs').readFileSync('beside.txt', 'utf8').trimEnd())
