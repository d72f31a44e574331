'use strict'
// What is written in a cell of CoffeeScript as JavaScript. What cells before it assigned is known here, so that functions assign to that too.
const { compile, nodes: nodesOf, tokens: tokensOf } = require('coffeescript')
const nodes = require('coffeescript/lib/coffeescript/nodes')

const BUILT_IN = new Set(Object.keys(globalThis))
/** Statements whose value CoffeeScript knows. Not those with a `while`: a loop without end would keep the values of all its turns. */
const WITH_VALUE = [nodes.For, nodes.If, nodes.Switch, nodes.Try]
const isWhile = (node) => node instanceof nodes.While && !(node instanceof nodes.For)

/**
 * @returns JavaScript whose last statement has the value of the cell
 * @throws what the compiler says is wrong, with a `location`
 */
function toJavascript(code) {
  const tokens = tokensOf(code)
  const referencedVars = tokens.filter(([kind]) => kind === 'IDENTIFIER').map(([, name]) => String(name))
  const root = nodesOf(code)
  const { expressions } = root.body
  const last = expressions.at(-1)
  // What `contains` looks through does not include functions.
  if (WITH_VALUE.some((kind) => last instanceof kind) && !last.jumps() && !last.contains(isWhile))
    expressions.push(new nodes.Parens(expressions.pop()))
  const locals = Object.keys(globalThis).filter((name) => !BUILT_IN.has(name))
  return root.compile({ bare: true, locals, referencedVars })
}

/** @returns JavaScript, or what is wrong with the code */
function coffeeToScript(code) {
  try {
    return { script: toJavascript(code) }
  } catch (error) {
    const { first_line: line, first_column: column } = error.location ?? {}
    const source = code.split('\n')[line]
    const snippet = source === undefined ? undefined : `line ${line + 1}:\n${source}\n${' '.repeat(column)}^`
    return { script: '', fault: { message: error.message, snippet } }
  }
}

/** Whether code is whole, by the compiler; a block that an indented line ends may go on, until a line is empty. */
function coffeeCompleteness(code) {
  try {
    compile(code, { bare: true })
  } catch (error) {
    const isCut = /^(missing |unexpected (end of input|if|unless)$)/.test(error.message)
    return isCut ? { status: 'incomplete', indent: '  ' } : { status: 'invalid' }
  }
  const last = code.split('\n').at(-1)
  const goesOn = /^\s+\S/.test(last) || /(->|=>|\b(then|else|try|finally))\s*$/.test(last)
  return goesOn ? { status: 'incomplete', indent: /^\s*/.exec(last)[0] || '  ' } : { status: 'complete' }
}

module.exports = { coffeeToScript, coffeeCompleteness }
