import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { listImages } from '../src/host/images/image-store.ts'
import { podmanCommand } from '../src/host/podman.ts'
import { type Language, loadLanguages } from '../src/shared/language.ts'
import { packageRoot } from '../src/shared/package-root.ts'
import { kernelImage, runtimeImage } from '../src/shared/runtime-image.ts'
import { measureCpu, measureMemory, measureSizes } from './costs.ts'
import { DEEP, measureDepths, measureRetained, ROOMY } from './depth.ts'
import { measureHello, warmUp } from './hello.ts'
import { type BenchClient, createBenchClient } from './http-client.ts'
import { type Product, startProduct } from './product.ts'
import { JUDGED, type JudgingRow, measureJudging } from './judging.ts'
import { measureTrips } from './redis-trips.ts'
import { MANY, measureSessions } from './sessions.ts'
import { fillDocument, machine, merged, picture, POLICIES, type Report, tables } from './report.ts'

const USAGE = `npm run bench [-- options]
  --languages a,b   only these; every installed one otherwise, or with all; judging: c, cpp or both
  --only a,b        of hello, cpu, memory, sizes, depth, trips, judging, sessions; also as words behind the options
  --policies a,b    of tenant, never, and never-paced: never, with a pause before each job, one after another
  --idle N          so many idle sessions stand beside jobs, in sessions; 100 when absent, 0 leaves it out
  --set NAME        packages that are installed for sessions, such as python/data; needs a package index
  --document        write docs/performance.md, .json and .svg; what is not measured now stays there as it was`
const PARTS = ['hello', 'cpu', 'memory', 'sizes', 'depth', 'trips', 'judging', 'sessions']
/** In which a sandbox can be made, with everything else that a machine of two processors then has to do. */
const PAUSE_MS = 400
/** After which nothing more is made ready. */
const IDLE_MS = 5000

const root = packageRoot()
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    languages: { type: 'string' },
    only: { type: 'string' },
    policies: { type: 'string' },
    idle: { type: 'string', default: '100' },
    set: { type: 'string' },
    document: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(`${USAGE}\n`)
  process.exit(0)
}
const parts = new Set(chosen(positionals.length > 0 ? positionals.join(',') : values.only, PARTS))
const policies = chosen(values.policies, POLICIES)
const installed = await installedLanguages()
const named = values.languages === 'all' ? undefined : values.languages
const names = chosen(
  named,
  installed.map(({ id }) => id),
)
const languages = installed.filter(({ id }) => names.includes(id))
if (!/^\d{1,5}$/.test(values.idle)) throw new Error('--idle is no whole number from 0 to 99999')
const [first] = languages.toSorted((a, b) => Number(b.id === 'python') - Number(a.id === 'python'))
if (!first) throw new Error('no language is installed')
/** What warms up with the least time spent in sandboxes. */
const cheapest = installed.find(({ id }) => id === 'bash') ?? first

const report: Report = {
  at: new Date().toISOString(),
  machine: machine(),
  hello: [],
  cpu: [],
  memory: undefined,
  sizes: [],
  depths: [],
  trips: [],
  judging: [],
}
if (parts.has('memory')) await withProduct({}, ofMemory, 'cold')
for (const policy of ['hello', 'cpu', 'sizes'].some((part) => parts.has(part)) ? policies : []) {
  const reuse = policy === 'tenant' ? 'tenant' : 'never'
  await withProduct({ SANDBOX_REUSE: reuse }, (product, client) => ofPolicy(product, client, policy))
}
if (parts.has('depth')) await withProduct({ ...DEEP, ...ROOMY }, ofDepth)
if (parts.has('judging')) await withProduct({}, ofJudging)
if (parts.has('sessions')) await withProduct(MANY, ofSessions)
if (parts.has('trips')) await withProduct({}, ofTrips, 'cold', true)

for (const { title, text } of tables(report)) process.stdout.write(`\n${title}\n\n${text}\n`)
if (values.document) {
  const file = join(root, 'docs/performance.json')
  const all = merged(existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Report) : undefined, report)
  await fillDocument(join(root, 'docs/performance.md'), all)
  await writeFile(file, `${JSON.stringify(all, null, 2)}\n`)
  await writeFile(join(root, 'docs/performance.svg'), picture(all))
}

async function ofPolicy(product: Product, client: BenchClient, policy: string): Promise<void> {
  for (const language of languages) {
    if (!parts.has('hello')) break
    tell(`hello, ${policy}, ${language.id}`)
    report.hello.push(await measureHello(client, language, policy, policy === 'never-paced' ? PAUSE_MS : 0))
  }
  if (parts.has('cpu') && first && policy !== 'never-paced') {
    tell(`CPU time, ${policy}`)
    report.cpu.push(await measureCpu(product, client, first, policy))
  }
  if (parts.has('sizes') && policy === 'tenant') {
    tell('sizes')
    report.sizes = await measureSizes(client)
  }
}

async function ofMemory(product: Product): Promise<void> {
  tell('memory')
  await sleep(IDLE_MS)
  report.memory = await measureMemory(product)
}

async function ofDepth(product: Product, client: BenchClient): Promise<void> {
  if (!first) return
  report.depths.push(...(await measureRetained(product, client, first, 'bench', [0, 100_000], tell)))
  const crowd = createBenchClient(product.url, await product.key('crowd'))
  try {
    report.depths.push(...(await measureDepths(product, crowd, client, first, [10, 1000, 100_000], tell)))
    tell('taking the queue away')
    await product.redis.flushdb()
  } finally {
    crowd.close()
  }
}

async function ofJudging(_product: Product, client: BenchClient): Promise<void> {
  const possible = JUDGED.filter((id) => names.includes(id))
  if (possible.length === 0) tell(`judging is measured in ${JUDGED.join(' or ')}; neither is installed and chosen`)
  // Without a choice one of them is enough.
  const rows: JudgingRow[] = []
  for (const id of named === undefined ? possible.slice(0, 1) : possible) {
    rows.push(await measureJudging(client, id, (step) => tell(`judging, ${id}: ${step}`)))
  }
  report.judging = rows
}

async function ofSessions(product: Product, client: BenchClient): Promise<void> {
  const python = installed.find(({ id }) => id === 'python')
  const images = await listImages(podmanCommand())
  if (!python?.kernel || !images.has(kernelImage(root, python)))
    return tell('sessions: the kernel of Python is not installed')
  const { set } = values
  report.sessions = [await measureSessions(product, client, python, { many: Number(values.idle), set, tell })]
}

async function ofTrips(product: Product, client: BenchClient): Promise<void> {
  if (!product.relays) return
  tell('what a job asks of Redis')
  report.trips = await measureTrips(product, product.relays, client, cheapest)
}

async function withProduct(
  env: Record<string, string>,
  work: (product: Product, client: BenchClient) => Promise<void>,
  state: 'warm' | 'cold' = 'warm',
  counted = false,
): Promise<void> {
  const product = await startProduct(root, env, counted)
  const client = createBenchClient(product.url, await product.key('bench'))
  try {
    if (state === 'warm') {
      tell('warming up')
      await warmUp(client, cheapest)
    }
    await work(product, client)
  } finally {
    client.close()
    await product.close()
  }
}

function tell(text: string): void {
  process.stderr.write(`${text} ...\n`)
}

function chosen(list: string | undefined, all: readonly string[]): string[] {
  if (list === undefined) return [...all]
  const wanted = list.split(',')
  for (const one of wanted) if (!all.includes(one)) throw new Error(`"${one}" is none of ${all.join(', ')}`)
  return wanted
}

async function installedLanguages(): Promise<Language[]> {
  const images = await listImages(podmanCommand())
  return loadLanguages(`${root}/languages`).filter((language) => images.has(runtimeImage(root, language)))
}
