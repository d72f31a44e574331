import { expect, test } from '@jest/globals'
import { SETTINGS } from '../../src/shared/config/settings.ts'
import { documents } from '../support/doc-blocks.ts'
import { readDoc, tableRows, uncoded } from './tables.ts'

/** Defaults that depend on the machine are told in words. */
const OF_THE_MACHINE: Record<string, string> = { WORKER_CONCURRENCY: 'the number of processors' }

/** Read by the command line and by programs of documents, not by the service. */
const OF_CLIENTS = new Set(['RUNYARD_URL', 'RUNYARD_KEY'])

/** What a kernel finds in its environment: docs/sessions.md. */
const OF_KERNELS = new Set(['RUNYARD_REQUESTS_FD', 'RUNYARD_MESSAGES_FD'])

/** They also name variables of the tests, of compose.yaml and of the Kubernetes manifests. */
const OTHER_VARIABLES = ['CONTRIBUTING.md', 'docs/compose.md', 'docs/kubernetes.md']

const text = readDoc('docs/configuration.md')
const generated = text.slice(text.indexOf('<!-- settings: begin -->'), text.indexOf('<!-- settings: end -->'))

test('docs/configuration.md tells of every setting, and of no other (node scripts/settings-table.mjs writes it)', () => {
  const told = tableRows(generated).map(([name = '', value = '', , description]) => ({
    name: uncoded(name),
    default: value === 'empty' ? '' : uncoded(value),
    description,
  }))
  const there = SETTINGS.map(({ name, default: value, description }) => ({
    name,
    default: OF_THE_MACHINE[name] ?? value,
    description,
  }))
  expect(told).toEqual(there)
})

test('docs/configuration.md tells the bounds that are checked', () => {
  const bounds = new Map(tableRows(generated).map(([name = '', , allowed = '']) => [uncoded(name), allowed]))
  for (const { name, kind } of SETTINGS) {
    const told = bounds.get(name) ?? ''
    if (kind.type === 'choice') expect(uncoded(told)).toBe(`${kind.of.join(', ')}${kind.isOptional ? ' or empty' : ''}`)
    if (kind.type !== 'integer') continue
    const isOpen = kind.maximum === Number.MAX_SAFE_INTEGER
    expect(told).toBe(isOpen ? `from ${kind.minimum}` : `${kind.minimum} to ${kind.maximum}`)
  }
})

test('every variable that a document names is a setting', () => {
  const names = new Set(SETTINGS.map(({ name }) => name))
  const prefixes = /^(?:RUNYARD|SANDBOX|POOL|CONTAINER|MAX|DEFAULT|WORKER|REDIS|PODMAN|OCI|KILL|CPU|DRAIN|LOG|RESULT)_/
  for (const file of documents().filter((file) => !OTHER_VARIABLES.includes(file))) {
    const named = [...readDoc(file).matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, name = '']) => name)
    expect(
      named.filter((name) => prefixes.test(name) && !names.has(name) && !OF_CLIENTS.has(name) && !OF_KERNELS.has(name)),
    ).toEqual([])
  }
})
