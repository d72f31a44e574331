import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

const TOOL_MS = 20_000

/**
 * The index that pip of this machine is configured with, by its files or the environment, as images of languages are built with; undefined
 * when there is no pip, or it has its default.
 */
export const pipIndex = async (): Promise<string | undefined> =>
  indexOf(await said('python3', ['-m', 'pip', 'config', 'list']))

/** The same of npm: its registry, which is its default where nothing else is configured; undefined when there is no npm. */
export async function npmRegistry(): Promise<string | undefined> {
  const text = (await said('npm', ['config', 'get', 'registry', '--no-workspaces'])).trim()
  return /^https?:\/\/\S+$/.test(text) ? text : undefined
}

/** The same of Go: the first proxy, which is its default where nothing else is configured; undefined when there is no Go. */
export const goProxy = async (): Promise<string | undefined> =>
  /^https?:\/\/[^\s,|]+/.exec(await said('go', ['env', 'GOPROXY']))?.[0]

/** The same of Cargo: the sparse index that its own is replaced with; undefined when there is none. */
export async function cargoIndex(): Promise<string | undefined> {
  const files = ['config.toml', 'config'].map((name) =>
    join(process.env['CARGO_HOME'] ?? join(homedir(), '.cargo'), name),
  )
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  return sparseIndexOf(texts.find((text) => text !== '') ?? '')
}

/** @param config what the configuration of Cargo has */
export function sparseIndexOf(config: string): string | undefined {
  const sections = new Map(
    config.split(/^\s*\[/m).map((text) => [text.slice(0, text.indexOf(']')).replaceAll('"', ''), text]),
  )
  const field = (section: string, name: string) =>
    new RegExp(`^\\s*${name}\\s*=\\s*"([^"]+)"`, 'm').exec(sections.get(section) ?? '')?.[1]
  const source = field('source.crates-io', 'replace-with')
  const address =
    source === undefined ? undefined : (field(`source.${source}`, 'registry') ?? field(`registries.${source}`, 'index'))
  return address?.startsWith('sparse+') === true ? address.slice('sparse+'.length) : undefined
}

/** The same of Maven: the mirror of its central repository; undefined when there is none. */
export const mavenMirror = async (): Promise<string | undefined> =>
  mirrorOf(await readFile(join(homedir(), '.m2', 'settings.xml'), 'utf8').catch(() => ''))

/** @param settings what a settings.xml has */
export function mirrorOf(settings: string): string | undefined {
  for (const [, mirror = ''] of settings.replaceAll(/<!--.*?-->/gs, '').matchAll(/<mirror>(.*?)<\/mirror>/gs)) {
    const field = (name: string) => new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(mirror)?.[1]
    const of = (field('mirrorOf') ?? '').split(',').map((one) => one.trim())
    const isBlocked = field('blocked') === 'true' || of.includes('!central')
    if (!isBlocked && of.some((one) => ['*', 'central', 'external:*'].includes(one))) return field('url')
  }
  return undefined
}

/** The same of RubyGems: its first source, which is its default where nothing else is configured; undefined when there is no `gem`. */
export const gemSource = async (): Promise<string | undefined> =>
  /^https?:\/\/\S+$/m.exec(await said('gem', ['sources', '--list']))?.[0]

/** What a tool of this machine prints; empty when it fails or is not there. */
function said(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: TOOL_MS }, (error, stdout) => resolve(error ? '' : stdout))
  })
}

/** @param text what `pip config list` prints; what comes from the environment wins, and then the last file */
export function indexOf(text: string): string | undefined {
  const found = [...text.matchAll(/^(:env:|global|install|download)\.index-url='([^']+)'$/gm)]
  const chosen = found.find(([, where]) => where === ':env:') ?? found.at(-1)
  return chosen?.[2]
}
