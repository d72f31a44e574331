'use strict'
// What is written in a cell as a script that V8 can evaluate: types are removed, CoffeeScript is compiled, and imports of modules become calls, since a script has none.
const { createRequire } = require('node:module')
const { join, resolve } = require('node:path')
const { pathToFileURL } = require('node:url')

const lazily = (load) => {
  let loaded
  return () => (loaded ??= load())
}
const acorn = lazily(() => require('./acorn/dist/acorn.js'))
const amaro = lazily(() => require('./amaro/dist/index.js'))
const coffeescript = lazily(() => require('./kernel-coffeescript.cjs'))

/** Modules of packages and files as seen from the working folder. */
async function importModule(specifier, options) {
  const text = String(specifier)
  if (/^\.{0,2}\//.test(text)) return import(pathToFileURL(resolve(text)).href, options)
  const require = createRequire(join(process.cwd(), 'cell.js'))
  let found = text
  try {
    found = require.resolve(text)
  } catch {
    // It may be one that only imports see; the import itself says what is wrong.
  }
  return import(found.startsWith('/') ? pathToFileURL(found).href : text, options)
}
const IMPORT = '__importModule'
Object.defineProperty(globalThis, IMPORT, { value: importModule })

/**
 * @returns the script, or what is wrong with what is not JavaScript
 */
function toScript(code, language) {
  if (language === 'coffeescript') {
    const { script, fault } = coffeescript().coffeeToScript(code)
    return { script: withoutModules(script), fault }
  }
  if (language !== 'typescript') return { script: withoutModules(code) }
  try {
    return { script: withoutModules(amaro().transformSync(code, { mode: 'transform' }).code) }
  } catch (error) {
    return { script: code, fault: { message: error?.message ?? String(error), snippet: error?.snippet } }
  }
}

const PARSE = { ecmaVersion: 'latest', sourceType: 'module', allowAwaitOutsideFunction: true, allowHashBang: true }

function withoutModules(code) {
  if (!/\b(import|export)\b/.test(code)) return code
  let tree
  try {
    tree = acorn().parse(code, PARSE)
  } catch {
    // V8 says what is wrong with it.
    return code
  }
  const edits = []
  const replace = (node, text, end = node.end) => edits.push({ start: node.start, end, text })
  walk(tree, (node) => {
    if (node.type === 'ImportExpression') replace(node, IMPORT, node.start + 'import'.length)
    else if (node.type === 'ImportDeclaration') replace(node, importOf(node))
    else if (node.type === 'ExportNamedDeclaration') {
      if (node.declaration) replace(node, '', node.declaration.start)
      else replace(node, node.source ? `await ${IMPORT}(${node.source.raw});` : '')
    } else if (node.type === 'ExportDefaultDeclaration') replace(node, '', node.declaration.start)
    else if (node.type === 'ExportAllDeclaration') replace(node, `await ${IMPORT}(${node.source.raw});`)
  })
  let result = code
  for (const { start, end, text } of edits.sort((a, b) => b.start - a.start)) {
    result = result.slice(0, start) + text + result.slice(end)
  }
  return result
}

function importOf({ specifiers, source, attributes = [] }) {
  const options = attributes.map(({ key, value }) => `${key.raw ?? key.name}: ${value.raw}`).join(', ')
  const call = `await ${IMPORT}(${source.raw}${options === '' ? '' : `, {with: {${options}}}`})`
  if (specifiers.length === 0) return `${call};`
  const named = specifiers
    .filter(({ type }) => type !== 'ImportNamespaceSpecifier')
    .map(({ type, imported, local }) => {
      const name = type === 'ImportDefaultSpecifier' ? 'default' : (imported.raw ?? imported.name)
      return `${name}: ${local.name}`
    })
  const whole = specifiers.find(({ type }) => type === 'ImportNamespaceSpecifier')
  const parts = [
    ...(whole ? [`${whole.local.name} = ${call}`] : []),
    ...(named.length > 0 ? [`{${named.join(', ')}} = ${call}`] : []),
  ]
  return `const ${parts.join(', ')};`
}

function walk(node, visit) {
  visit(node)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child !== null && typeof child === 'object' && typeof child.type === 'string') walk(child, visit)
    }
  }
}

/** Whether code is whole: the content of an `is_complete_reply`. */
function completeness(code, language) {
  if (language === 'coffeescript') return coffeescript().coffeeCompleteness(code)
  let script = code
  if (language === 'typescript') {
    const { script: plain, fault } = toScript(code, language)
    if (fault && /eof|unterminated/i.test(fault.message)) return { status: 'incomplete', indent: '  ' }
    if (!fault) script = plain
  }
  try {
    acorn().parse(script, { ...PARSE, allowReturnOutsideFunction: false })
    return { status: 'complete' }
  } catch (error) {
    const isCut = error.pos >= script.trimEnd().length || /^Unterminated (template|comment)/.test(error.message)
    if (isCut) return { status: 'incomplete', indent: '  ' }
    return { status: language === 'typescript' ? 'unknown' : 'invalid' }
  }
}

/** Loads what the first piece of code would wait for. */
function warmUp(language) {
  acorn()
  toScript(language === 'coffeescript' ? 'export warm = 1' : 'export const warm = 1', language)
}

module.exports = { toScript, completeness, warmUp }
