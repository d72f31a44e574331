import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ownPort } from './own-port.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { type DocBlock, type Mark, shownCommands } from './doc-blocks.ts'
import { matchOutput } from './doc-output.ts'
import { type DocShell, openShell } from './doc-shell.ts'

/** A reader of one document: does what its blocks say in their order, in one folder and one shell. */
export interface DocPage {
  /** @throws Error saying what the block shows and what came instead */
  run(block: DocBlock): Promise<void>
  /** Goes on with another service. @param env as of `openPage` */
  move(address: string, env: Record<string, string>): Promise<void>
  close(): Promise<void>
}

const root = packageRoot()
const execute = promisify(execFile)
/** Where the documents have the service, and a program of theirs that serves. */
const SERVICE = '127.0.0.1:3000'
const PROGRAM = '127.0.0.1:8080'
const START_MS = 120_000

/** What a checkout has that commands of a document name. */
const OF_THE_PACKAGE = [
  'clients',
  'deploy',
  'dist',
  'docs',
  'examples',
  'languages',
  'node_modules',
  'package.json',
  'screening',
]

/**
 * @param address of the service, e.g. `127.0.0.1:41234`
 * @param env beside what every program needs
 * @param copy whether the page changes what is in the package: it gets a copy then
 */
export function openPage(address: string, env: Record<string, string>, copy?: string): DocPage {
  const folder = copy ?? mkdtempSync(join(tmpdir(), 'runyard-docs-'))
  // Inside the package its own name leads to what it exports.
  const modules = mkdtempSync(join(root, 'dist/docs-'))
  installClient(modules)
  if (copy === undefined) for (const name of OF_THE_PACKAGE) symlinkSync(join(root, name), join(folder, name))
  const main = join(copy ?? root, 'dist/cli/main.js')
  const all = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    LANG: 'C.UTF-8',
    PYTHONPATH: join(root, 'clients/python/src'),
    PYTHONDONTWRITEBYTECODE: '1',
    RUNYARD_URL: `http://${address}`,
    ...env,
  }
  const names = new Map<string, string>()
  const programs: ChildProcess[] = []
  let port = ''
  let shell: DocShell | undefined
  const bash = () => (shell ??= openShell(folder, all, commandsOf(main)))

  const there = (text: string) => {
    let real = text.replaceAll(SERVICE, address)
    if (port !== '') real = real.replaceAll(PROGRAM, `127.0.0.1:${port}`)
    for (const [shown, actual] of names) real = real.replaceAll(shown, actual)
    return real
  }
  const hold = (shown: string, actual: string) => {
    const text = actual.replaceAll(address, SERVICE)
    const found = matchOutput(shown, port === '' ? text : text.replaceAll(`127.0.0.1:${port}`, PROGRAM))
    if (!found) throw new Error(`It shows:\n${shown}\nand this came:\n${text}`)
    for (const [name, value] of found) names.set(name, value)
  }

  async function runShell({ code, output, mark }: DocBlock): Promise<void> {
    const result = await bash().run(before(mark) + there(code), mark.how !== 'exits')
    const wanted = mark.how === 'exits' ? mark.code : 0
    if (result.exitCode !== wanted) throw new Error(`exit code ${result.exitCode}, not ${wanted}:\n${result.output}`)
    if (output !== undefined) hold(output, result.output)
  }
  async function runConsole({ code, mark }: DocBlock): Promise<void> {
    const wanted = mark.how === 'exits' ? mark.code : 0
    for (const { command, output } of shownCommands(code)) {
      const result = await bash().run(before(mark) + there(command), false)
      if (result.exitCode !== wanted) {
        throw new Error(`exit code ${result.exitCode}, not ${wanted}:\n${command}\n${result.output}`)
      }
      if (output.trim() !== '') hold(output, result.output)
    }
  }
  /** What the blocks before have exported. */
  async function ofShell(): Promise<NodeJS.ProcessEnv> {
    const { output } = await bash().run("env | grep -E '^[A-Z_]+=' | base64", false)
    const lines = Buffer.from(output, 'base64').toString().trim().split('\n')
    return Object.fromEntries(lines.map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]))
  }
  async function runProgram({ language, code, output }: DocBlock): Promise<void> {
    const { stdout, stderr } = await execute(...programOf(language, there(code)), { cwd: folder, env: await ofShell() })
    if (stderr !== '') throw new Error(`it wrote on standard error:\n${stderr}`)
    if (output === undefined) throw new Error('what it writes is not shown in a block "text" behind it')
    hold(output, stdout)
  }
  /** Left running for the blocks behind it. */
  async function serve({ language, code }: DocBlock): Promise<void> {
    port = String(await ownPort())
    const [command, args] =
      language === 'sh' ? (['bash', ['-c', `exec ${there(code)}`]] as const) : programOf(language, there(code))
    const child = spawn(command, args, { cwd: folder, env: { ...(await ofShell()), PORT: port }, stdio: 'inherit' })
    programs.push(child)
    for (const deadline = Date.now() + START_MS; !(await listens(Number(port))); await sleep(20)) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error('it does not listen on $PORT')
    }
  }
  function programOf(language: string, code: string): [string, string[]] {
    const file = language === 'js' ? join(modules, 'example.mjs') : join(folder, 'example.py')
    writeFileSync(file, code)
    return language === 'js' ? [process.execPath, [file]] : ['python3', [file]]
  }

  return {
    async run(block) {
      if (block.mark.how === 'serves') await serve(block)
      else if (block.language === 'sh') await runShell(block)
      else if (block.language === 'console') await runConsole(block)
      else await runProgram(block)
    },
    async move(to, of) {
      address = to
      const settings = Object.entries({ ...of, RUNYARD_URL: `http://${to}` })
      await bash().run(settings.map(([name, value]) => `export ${name}='${value}'`).join('\n'), true)
    },
    async close() {
      for (const child of programs) if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit')
      await shell?.close()
      rmSync(modules, { recursive: true })
      rmSync(folder, { recursive: true })
    },
  }
}

/** What `npm install ../runyard/clients/typescript` does in a folder. */
export function installClient(folder: string): void {
  mkdirSync(join(folder, 'node_modules/@runyard'), { recursive: true })
  symlinkSync(join(root, 'clients/typescript'), join(folder, 'node_modules/@runyard/client'))
}

/** `npm start` is only let through where it is to refuse. */
const before = (mark: Mark) => `STARTS=${mark.how === 'exits' ? 'no' : 'yes'}; `

/** The package as a checkout has it, for a page that changes it. */
export function copyPackage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runyard-docs-'))
  for (const name of ['clients', 'dist', 'languages', 'sandbox', 'screening', 'scripts', 'package.json']) {
    cpSync(join(root, name), join(folder, name), { recursive: true, preserveTimestamps: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** What is called by name in the documents, and by path here. */
const commandsOf = (main: string) => `
runyard() { '${process.execPath}' '${main}' "$@"; }
npx() {
  if [ "$1" != runyard ]; then echo "npx $1 is not Runyard's"; return 127; fi
  shift; runyard "$@"
}
npm() {
  case "$1" in
    start) if [ "$STARTS" = no ]; then runyard up; else echo 'a Runyard of its own is started by "run: starts" only'; return 127; fi ;;
    run) case "$2" in doctor) shift 2; [ "$1" = -- ] && shift; runyard doctor "$@" ;; *) echo "npm run $2 is not run here"; return 127 ;; esac ;;
    *) echo "npm $1 is not run here"; return 127 ;;
  esac
}`

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
