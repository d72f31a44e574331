// Writes the table of routes into docs/api.md, from their descriptors: npx tsx scripts/api-table.mjs
// With --check it writes nothing, and ends with 1 when the table is not as it would be written. A test runs that.
import { readFileSync, writeFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { format, resolveConfig } from 'prettier'
import { TAGS } from '../src/api/http/tags.ts'
import { ROUTES } from '../src/api/routes.ts'

const file = new URL('../docs/api.md', import.meta.url)
const BEGIN = '<!-- routes: begin -->'
const END = '<!-- routes: end -->'

/** Where a document tells more of routes that have no heading of their own, by how their paths begin; the first that fits. */
const TOLD_UNDER = [
  ['/v1/webhook', 'webhooks.md'],
  ['/v1/sessions', 'sessions.md'],
  ['/v1/environments', 'guides/packages.md#install-ahead'],
  ['/v1/admin/environments', 'guides/packages.md#for-operators'],
  ['/v1/admin/package-bans', 'guides/packages.md#for-operators'],
  ['/v1/browser-tokens', 'access.md#browser-tokens'],
  ['/v1/files', 'files.md#requests'],
  ['/v1/admin/files', 'files.md#requests'],
  ['/v1/admin/sessions', 'sessions.md#for-operators'],
  ['/v1/batches', '#post-v1batches'],
  ['/v1/admin/session', '#the-dashboards-session'],
  ['/v1/admin/overview', '#get-v1adminoverview'],
  ['/v1/problems', 'judging.md#stored-problems'],
  ['/v1/admin/series', '#get-v1adminseries'],
  ['/v1/admin/jobs', '#jobs-of-all-tenants'],
  ['/v1/admin/problems', '#jobs-of-all-tenants'],
  ['/v1/admin/webhook-deliveries', '#webhook-deliveries-of-all-tenants'],
  ['/v1/admin/runtimes', '#runtimes-of-each-host'],
  ['/v1/admin/installations', '#runtimes-of-each-host'],
  ['/v1/admin/', '#admin'],
  ['/api/repl/languages', '#get-v1runtimes'],
  ['/api/containers/create', '#post-apicontainerscreate'],
]

const text = readFileSync(file, 'utf8')
const slug = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
const headings = [...text.matchAll(/^#{2,4} (.+)$/gm)].map(([, heading]) => heading)

function linkOf(name, path) {
  const own = headings.find((heading) => heading.replaceAll('`', '').split(', ').includes(name))
  if (own) return `#${slug(own)}`
  const link = TOLD_UNDER.find(([start]) => path.startsWith(start))?.[1]
  const isThere =
    link === undefined || !link.startsWith('#') || headings.some((heading) => `#${slug(heading)}` === link)
  return isThere ? link : undefined
}

/** Who may call, in a word. */
function callers({ scopes, authenticates }) {
  if (scopes === 'open' || authenticates) return 'everybody'
  return scopes.length === 0 ? 'every caller' : scopes.map((scope) => `\`${scope}\``).join(' or ')
}

const untold = ROUTES.filter(({ method, path }) => {
  const spelled = path.replaceAll('*', ':')
  return linkOf(`${method.toUpperCase()} ${spelled}`, spelled) === undefined
})
if (untold.length > 0) {
  const names = untold.map(({ method, path }) => `${method.toUpperCase()} ${path}`).join(', ')
  console.error(
    `docs/api.md: write a heading for ${names}, or name the section that tells of it in TOLD_UNDER of scripts/api-table.mjs`,
  )
  process.exit(1)
}

const order = Object.keys(TAGS)
const rows = ROUTES.toSorted((a, b) => order.indexOf(a.tag) - order.indexOf(b.tag)).map((route) => {
  const path = route.path.replaceAll('*', ':')
  const name = `${route.method.toUpperCase()} ${path}`
  const link = linkOf(name, path)
  const answers = Object.keys(route.answers).map((status) => `${status} ${STATUS_CODES[status]}`)
  return `| ${link ? `[\`${name}\`](${link})` : `\`${name}\``} | ${route.summary} | ${callers(route)} | ${answers.join(', ')} |`
})
const table = `| route | what it does | scope of the key | answers |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`

const before = text.slice(0, text.indexOf(BEGIN) + BEGIN.length)
const after = text.slice(text.indexOf(END))
const written = await format(`${before}\n\n${table}\n${after}`, {
  ...(await resolveConfig(file)),
  parser: 'markdown',
})
if (process.argv.includes('--check')) {
  if (written === text) process.exit(0)
  console.error('docs/api.md does not have the routes as they are: npx tsx scripts/api-table.mjs')
  process.exit(1)
}
writeFileSync(file, written)
