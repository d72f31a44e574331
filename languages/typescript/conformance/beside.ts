import { readFileSync } from 'node:fs'

console.log(readFileSync('beside.txt', 'utf8').trimEnd())
