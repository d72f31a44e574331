// Runs a WebAssembly file with WASI: node run-wasi.cjs FILE [ARGUMENT...].
const { readFileSync } = require('node:fs')
const { WASI } = require('node:wasi')

const [, , file, ...args] = process.argv
const wasi = new WASI({ version: 'preview1', args: [file, ...args], env: process.env, preopens: { '.': '.' } })
WebAssembly.instantiate(readFileSync(file), wasi.getImportObject()).then(({ instance }) => {
  process.exitCode = wasi.start(instance)
})
