import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../src/shared/config/config.ts'
import { ConfigError } from '../../src/shared/config/config-error.ts'
import { SETTINGS } from '../../src/shared/config/settings.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

const root = packageRoot()
const main = join(root, 'dist/cli/main.js')

/** Programs of others that documents call without being run: what they do is not ours to hold. */
const OF_OTHERS = [
  'apt-get',
  'caddy',
  'cat',
  'cd',
  'cp',
  'curl',
  'docker',
  'echo',
  'export',
  'git',
  'grep',
  'groupadd',
  'install',
  'journalctl',
  'kubectl',
  'ln',
  'mkdir',
  'loginctl',
  'mkfifo',
  'nginx',
  'openssl',
  'pip',
  'podman',
  'printf',
  'python3',
  'redis-cli',
  'rm',
  'runsc',
  'sleep',
  'source',
  'strace',
  'systemctl',
  'systemd-sysusers',
  'tee',
  'useradd',
  'usermod',
]

/** What of a loop stands where commands do. */
const OF_LOOPS = ['for', 'do', 'done']

/**
 * What is wrong with shell commands that are not run: syntax, npm scripts, settings and their values, and commands and options
 * of `runyard` that there are not.
 */
export function checkCommands(code: string): string[] {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' })
  if (status !== 0) return [`bash: ${stderr}`]
  return code
    .replaceAll(/<<'?(\w+)'?\n.*?^\1$/gms, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => line.replace(/(^|\s)#.*$/, '').split(/&&|\|\|?|;/))
    .map((command) => command.trim())
    .filter((command) => command !== '')
    .flatMap(checkCommand)
}

function checkCommand(command: string): string[] {
  const words = command.replace(/^(?:until|do|sudo) /, '').split(/\s+/)
  const first = words.findIndex((word) => !/^[A-Za-z_]+=/.test(word))
  const assigned = first === -1 ? words : words.slice(0, first)
  const [program = '', ...args] = first === -1 ? [] : words.slice(first)
  if (program === 'export') return checkSettings(args, '')
  return [...checkSettings(assigned, program), ...checkProgram(program, args)]
}

function checkSettings(assigned: string[], program: string): string[] {
  const own = assigned
    .map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)] as const)
    .filter(([name]) => program === 'npm' || SETTINGS.some((one) => one.name === name))
  const unknown = own
    .filter(([name]) => !SETTINGS.some((one) => one.name === name))
    .map(([name]) => `no setting ${name}`)
  if (unknown.length > 0) return unknown
  try {
    // Files that settings name are those of the reader's machine.
    loadConfig(root, Object.fromEntries(own.filter(([name]) => !name.endsWith('_FILE'))))
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [error.message]
  }
}

/** What is installed from a folder has to be a package. */
function checkPip(args: string[]): string[] {
  const folders = args.filter((word) => word.startsWith('./'))
  if (args[0] !== 'install' || folders.length === 0) return [`pip ${args.join(' ')}: not an installation from a folder`]
  const odd = folders.filter((folder) => !existsSync(join(root, folder, 'pyproject.toml')))
  return odd.map((folder) => `pip install ${folder}: no pyproject.toml there`)
}

function checkProgram(program: string, args: string[]): string[] {
  if (program === '' || OF_LOOPS.includes(program) || OF_OTHERS.includes(program)) return []
  if (program === 'npm') return checkNpm(args)
  if (program === 'runyard') return checkRunyard(args)
  if (program === 'npx' && args[0] === 'runyard') return checkRunyard(args.slice(1))
  if (program === 'npx' || program === 'make') return []
  if (program === 'python3' || program === '.') return []
  if (program === 'pip') return checkPip(args)
  if (program === 'node') return existsSync(join(root, args[0] ?? '')) ? [] : [`node ${args[0]}: no such file`]
  return [`${program}: no program that documents may call without being run`]
}

function checkNpm(args: string[]): string[] {
  const [verb = '', name = '', ...rest] = args.filter((word) => !['--silent', '-s', '--'].includes(word))
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  if (verb === 'start' || verb === 'test' || verb === 'install' || verb === 'ci') return []
  if (verb === 'pack') return existsSync(join(root, name, 'package.json')) ? [] : [`npm pack ${name}: no package`]
  if (verb === 'run' && name === 'runyard') return checkRunyard(rest)
  return verb === 'run' && scripts[name] !== undefined ? [] : [`npm ${verb} ${name}: no script`]
}

const helps = new Map<string, string>()

/** What `runyard <words> --help` prints; documents name few commands, many times. */
function helpOf(words: readonly string[]): string {
  const key = words.join(' ')
  const known = helps.get(key)
  if (known !== undefined) return known
  const help = execFileSync(process.execPath, [main, ...words, '--help'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  helps.set(key, help)
  return help
}

function checkRunyard(args: string[]): string[] {
  const rest = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length)
  const options = rest.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0] ?? '')
  const end = rest.findIndex((word) => !/^[a-z]+$/.test(word))
  const path = rest.slice(0, end === -1 ? rest.length : end).slice(0, 2)
  // An argument of a command looks like a command below it: the longest that there is counts.
  for (const length of [2, 1]) {
    const words = path.slice(0, length)
    const help = helpOf(words)
    const [, usage = ''] = /^Usage: runyard ([a-z ]*)/.exec(help) ?? []
    if (usage.trim() === words.join(' '))
      return options
        .filter((option) => !new RegExp(`\\s${option}\\b`).test(help))
        .map((option) => `runyard ${words.join(' ')}: no option ${option}`)
  }
  return [`runyard ${path.join(' ')}: no such command`]
}
