// What compose.yaml needs and Git does not hold: Redis's password, made once. With `--without-registry` also an image to
// stand in for those that cannot be pulled, made of Debian's packages, and a `.env` that names it.
//
//   node scripts/prepare-compose.mjs [--without-registry]
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, '.runyard/compose')
const WITHOUT = '--without-registry'

/** The containers' users are not the owner, so the file is for everybody to read, in a folder that nobody else can enter. */
function makePassword() {
  const file = join(folder, 'redis-password')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  if (existsSync(file)) return console.log(`${file} is there already`)
  writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { flag: 'wx' })
  chmodSync(file, 0o444)
  console.log(`${file} made`)
}

async function makeBase() {
  const load = (path) => import(pathToFileURL(join(root, 'dist', path)).href)
  if (!existsSync(join(root, 'dist'))) throw new Error('dist is not there; "npm run setup" makes it')
  const { COMPOSE_BASE, makeComposeBase } = await load('host/images/compose-base.js')
  const { podmanCommand } = await load('host/podman.js')
  const { terminalProgress } = await load('cli/terminal-progress.js')
  const dataDir = join(root, '.runyard')
  const made = await makeComposeBase({ root, dataDir, podman: podmanCommand(), progress: terminalProgress() })
  console.log(`${COMPOSE_BASE} ${made ? 'made' : 'is there already'}`)
  const lines = ['BASE_IMAGE', 'REDIS_IMAGE', 'PROXY_IMAGE'].map((name) => `${name}=${COMPOSE_BASE}\n`).join('')
  const file = join(root, '.env')
  if (existsSync(file)) return console.log(`${file} is there already; these lines belong in it:\n${lines}`)
  writeFileSync(file, lines)
  console.log(`${file} made`)
}

try {
  const unknown = process.argv.slice(2).find((word) => word !== WITHOUT)
  if (unknown !== undefined) throw new Error(`"${unknown}" is not known; allowed is ${WITHOUT}`)
  makePassword()
  if (process.argv.includes(WITHOUT)) await makeBase()
} catch (error) {
  console.error(`prepare-compose: ${error.message}`)
  process.exitCode = 1
}
