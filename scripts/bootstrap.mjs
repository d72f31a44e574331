// From a fresh machine with Node and npm to a running Runyard. Plain JavaScript without dependencies, because it is what
// installs them. Each step is skipped when it was done for exactly the present sources.
//
//   node scripts/bootstrap.mjs up             what `npm start` does
//   node scripts/bootstrap.mjs test           what `npm test` does
//   node scripts/bootstrap.mjs <command> ...  the set-up of programs, then `runyard <command> ...`
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { hashFiles, unlessStamped } from './stamp.mjs'
import { passThrough, step } from './steps.mjs'
import { installSystemPackages } from './system-packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const OLDEST_NODE = [20, 19]

function checkMachine() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    throw new Error(`Node ${process.versions.node} is too old: Runyard needs ${OLDEST_NODE.join('.')} or newer`)
  }
  if (process.platform !== 'linux') throw new Error(`Runyard needs Linux (this is ${process.platform})`)
}

async function installDependencies() {
  const hash = hashFiles(root, ['package.json', 'package-lock.json']) + process.versions.node
  await unlessStamped(join(root, 'node_modules/.runyard-stamp'), hash, () =>
    // No package here needs its install script: what they would compile is optional or comes ready-made.
    step('npm packages', ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
    }),
  )
}

async function compile() {
  const hash = hashFiles(root, [
    'src/',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/build-cli.mjs',
    'scripts/build-pages.mjs',
    'scripts/build-client.mjs',
    'scripts/types-of-schemas.mjs',
    'package-lock.json',
  ])
  await unlessStamped(join(root, 'dist/.stamp'), hash, async () => {
    rmSync(join(root, 'dist'), { recursive: true, force: true })
    await step('Compiling TypeScript, bundling the command line and the pages', ['npm', 'run', '--silent', 'build'], {
      cwd: root,
    })
  })
}

async function buildInit() {
  const isSource = (name) => /\.[ch]$/.test(name) || name === 'Makefile'
  const stamp = join(root, 'sandbox/build/.stamp')
  // Sources that were written anew with the same contents (a branch and back) count as newer than init: make sees that.
  if (spawnSync('make', ['--question', '--directory', 'sandbox'], { cwd: root }).status !== 0) {
    rmSync(stamp, { force: true })
  }
  await unlessStamped(stamp, hashFiles(root, ['sandbox/'], isSource), () =>
    step("The sandbox's init", ['make', '--directory', 'sandbox'], { cwd: root }),
  )
  const host = join(root, 'sandbox/host')
  await unlessStamped(join(host, 'build/.stamp'), hashFiles(root, ['sandbox/host/'], isSource), () =>
    step('What runs beside podman', ['make', '--directory', host], { cwd: root }),
  )
}

/** Runs the compiled command line in this process, so that signals and the terminal are simply its own. */
async function runyard(args) {
  const main = join(root, 'dist/cli/main.js')
  process.argv = [process.argv[0], main, ...args]
  await import(pathToFileURL(main).href)
}

async function test() {
  // The default languages, and one with a compiler.
  const setUp = [
    process.execPath,
    'dist/cli/main.js',
    'setup',
    '--languages',
    'bash,c,javascript,python',
    '--kernels',
    'python',
    '--packages',
    'python,javascript',
  ]
  console.log(`> ${setUp.slice(1).join(' ')}`)
  const code = await passThrough(setUp, { cwd: root })
  if (code !== 0) return code
  const run = (name) => ['npm', 'run', '--silent', name]
  // None of these needs what the others make, and each waits for a disk or a single thread part of its time. Lint finds what is wrong with
  // types too, each file by its own project; what pages and client import has to hold for a browser as well.
  const sanitized = ['make', '--silent', '-C', 'sandbox', 'asan']
  const checks = [
    ...['lint', 'types:browser', 'test:unit'].map((name) => step(name, run(name), { cwd: root, keep: true })),
    step('init with sanitizers', sanitized, { cwd: root }),
  ]
  const failed = (await Promise.allSettled(checks)).flatMap(({ reason }) => reason ?? [])
  if (failed.length > 0) throw new Error(failed.map(({ message }) => message).join('\n\n'))
  const integration = run('test:integration')
  console.log(`> ${integration.slice(3).join(' ')}`)
  const env = { ...process.env, RUNYARD_TEST_SANITIZED_INIT: join(root, 'sandbox/build/init-asan') }
  return passThrough(integration, { cwd: root, env })
}

/** The command line runs podman by `sudo --non-interactive`, unless it is rootless; the password is asked for here, once. */
async function askForRoot() {
  if (process.getuid() === 0) return
  const load = (path) => import(pathToFileURL(join(root, 'dist', path)).href)
  const [{ podmanModeHere }, { loadConfig }] = [
    await load('host/podman-mode.js'),
    await load('shared/config/config.js'),
  ]
  if ((await podmanModeHere(loadConfig(root).sandbox.podmanMode)) === 'rootless') return
  if ((await passThrough(['sudo', '--validate'])) !== 0)
    throw new Error('podman needs root: run this as root, with sudo, or rootless (docs/rootless.md)')
}

try {
  checkMachine()
  const args = process.argv.slice(2)
  // The doctor looks at the machine as it is, and a gateway has no sandboxes: only what it takes to run them is made.
  const runsNoJobs = args[0] === 'doctor' || args[0] === 'gateway'
  if (!runsNoJobs) await installSystemPackages(root, args[0])
  await installDependencies()
  await compile()
  if (!runsNoJobs) {
    await buildInit()
    await askForRoot()
  }
  if (args[0] === 'test') process.exitCode = await test()
  else await runyard(args.length === 0 ? ['up'] : args)
} catch (error) {
  console.error(`\nrunyard: ${error.message}`)
  process.exitCode = 1
}
