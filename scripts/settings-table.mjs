// Writes the table of settings into docs/configuration.md, from the compiled list of them: `npm run build` comes first.
// A test compares the two; run this when it fails.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { SETTINGS } from '../dist/shared/config/settings.js'

const file = new URL('../docs/configuration.md', import.meta.url)
const BEGIN = '<!-- settings: begin -->'
const END = '<!-- settings: end -->'

/** Defaults that depend on the machine. */
const OF_THE_MACHINE = { WORKER_CONCURRENCY: 'the number of processors' }

const shownDefault = ({ name, default: value }) => OF_THE_MACHINE[name] ?? (value === '' ? 'empty' : `\`${value}\``)

function allowed({ kind }) {
  switch (kind.type) {
    case 'integer':
      return kind.maximum === Number.MAX_SAFE_INTEGER ? `from ${kind.minimum}` : `${kind.minimum} to ${kind.maximum}`
    case 'choice':
      return kind.of.map((choice) => `\`${choice}\``).join(', ') + (kind.isOptional ? ' or empty' : '')
    case 'list':
      return 'comma-separated'
    default:
      return 'text'
  }
}

const groups = [...new Set(SETTINGS.map(({ group }) => group))]
const sections = groups.map((group) => {
  const rows = SETTINGS.filter((setting) => setting.group === group).map(
    (setting) =>
      `| \`${setting.name}\` | ${shownDefault(setting)} | ${allowed(setting)} | ${setting.description.replaceAll('|', '\\|')} |`,
  )
  return `### ${group}\n\n| variable | default | allowed | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`
})

const text = readFileSync(file, 'utf8')
const before = text.slice(0, text.indexOf(BEGIN) + BEGIN.length)
const after = text.slice(text.indexOf(END))
writeFileSync(file, `${before}\n\n${sections.join('\n')}\n${after}`)
spawnSync('npx', ['prettier', '--write', file.pathname], { stdio: 'inherit' })
