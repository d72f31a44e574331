const lines = require('node:fs').readFileSync(0, 'utf8').split('\n')
for (const line of lines.slice(0, -1)) console.log(`[${line}]`)
