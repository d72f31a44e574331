import { spawn } from 'node:child_process'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const live = process.stdout.isTTY && !process.env.CI

/**
 * Runs a command as one step: its title is shown before, the last line of its output while it runs (on a terminal), the
 * time it took after. The end of what it printed is shown when it fails.
 * @param {string} title
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, keep?: boolean }} [options] keep: others run beside it, so nothing is shown
 * meanwhile, and a failure tells all that it printed
 * @throws {Error} when the command fails
 */
export async function step(title, command, { keep = false, ...options } = {}) {
  const began = performance.now()
  const [file = '', ...args] = command
  const drawn = live && !keep
  if (!drawn) process.stdout.write(`- ${title} ...\n`)
  let output = ''
  let frame = 0
  const draw = () => {
    const last =
      output
        .trimEnd()
        .split(/[\r\n]/)
        .at(-1) ?? ''
    const line = `${FRAMES[frame++ % FRAMES.length]} ${title}  ${seconds(began)}  ${last}`
    process.stdout.write(`\r\x1b[K${line.slice(0, Math.max(20, (process.stdout.columns || 80) - 1))}`)
  }
  const timer = drawn ? setInterval(draw, 100) : undefined
  // Standard input stays the terminal's: sudo may ask for a password.
  const child = spawn(file, args, { ...options, stdio: ['inherit', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const fault = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : `ended with ${signal ?? code}`))
  })
  clearInterval(timer)
  process.stdout.write(`${drawn ? '\r\x1b[K' : '  '}${fault === undefined ? '✓' : '✗'} ${title}  ${seconds(began)}\n`)
  if (fault !== undefined) throw new Error(`${command.join(' ')}: ${fault}\n${keep ? output : lastLines(output, 40)}`)
}

/** Runs a command with this terminal and resolves to its exit code. */
export function passThrough(command, options = {}) {
  const [file = '', ...args] = command
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: 'inherit' })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

const seconds = (began) => {
  const value = (performance.now() - began) / 1000
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} s`
}

const lastLines = (text, count) => text.trimEnd().split('\n').slice(-count).join('\n')
