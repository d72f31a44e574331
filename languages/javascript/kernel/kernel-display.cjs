'use strict'
// Results with their media types. A value may say itself how it is shown: by a method `Symbol.for('Jupyter.display')`, as in Deno,
// that returns an object of media types.
const util = require('node:util')

const DISPLAY = Symbol.for('Jupyter.display')
const bytesOf = (data) => Buffer.from(data).toString('base64')

/** The content of a result: the value as text, and as what it says itself. */
async function bundleOf(value) {
  if (value !== null && typeof value === 'object' && typeof value[DISPLAY] === 'function') {
    const data = await value[DISPLAY]()
    if (data !== null && typeof data === 'object') return { data, metadata: {} }
  }
  return { data: { 'text/plain': util.inspect(value, { depth: 4 }) }, metadata: {} }
}

/** @param say takes a message of the kernel */
function createDisplay(say) {
  const show = (data) => say('display_data', { data, metadata: {}, transient: {} })
  /** Shows a value, at once. */
  const display = async (value) => {
    const { data, metadata } = await bundleOf(value)
    say('display_data', { data, metadata, transient: {} })
  }
  const asText = {
    html: 'text/html',
    markdown: 'text/markdown',
    svg: 'image/svg+xml',
    latex: 'text/latex',
    text: 'text/plain',
  }
  for (const [name, type] of Object.entries(asText)) display[name] = (text) => show({ [type]: String(text) })
  for (const name of ['png', 'jpeg', 'gif', 'webp'])
    display[name] = (bytes) => show({ [`image/${name}`]: bytesOf(bytes) })
  display.json = (value) => show({ 'application/json': value, 'text/plain': util.inspect(value) })
  /** An object of media types. */
  display.mime = (data) => show(data)
  return display
}

module.exports = { bundleOf, createDisplay }
