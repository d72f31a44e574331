lines = require('fs').readFileSync(0, 'utf8').split '\n'
console.log "[#{line}]" for line in lines[...-1]
