console.log require('fs').readFileSync('beside.txt', 'utf8').trimEnd()
