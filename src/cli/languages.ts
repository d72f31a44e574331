import { statfs } from 'node:fs/promises'
import { listImages } from '../host/images/image-store.ts'
import { baseImage, installerToolchainImage, kernelToolchainImage, toolchainImage } from '../host/images/references.ts'
import { podmanCommand, type Podman } from '../host/podman.ts'
import { podmanModeHere } from '../host/podman-mode.ts'
import type { Progress } from '../host/progress.ts'
import { findLanguage, type Language } from '../shared/language.ts'
import { formatSpace } from '../shared/format-space.ts'
import { type LanguageGroup, spaceNeeded } from '../shared/language-groups.ts'
import { IMAGE_LABEL, imageNames } from '../shared/runtime-image.ts'
import { type Catalogue, loadCatalogue, selectLanguages } from './catalogue.ts'
import { UsageError, type CliContext } from './context.ts'
import { type Paint, plain } from './paint.ts'
import { setUp } from './set-up.ts'
import { table } from './table.ts'
import { until } from './until.ts'

interface Row {
  id: string
  name: string
  aliases: string[]
  installed: boolean
  version: string | null
  /** What it takes on the disk beside the base image: measured here where it is installed, else by the data; null: unknown. */
  imageBytes: number | null
}

/** `runyard setup`. @param names ids, aliases or groups; the default languages when absent */
export async function setUpLanguages(
  context: CliContext,
  names: readonly string[] | undefined,
  progress: Progress,
  json: boolean,
  kernels: readonly string[] = [],
  packages: readonly string[] = [],
): Promise<void> {
  const catalogue = loadCatalogue(context.root)
  const wanted =
    names === undefined ? catalogue.languages.filter((one) => one.default) : selectLanguages(catalogue, names)
  const ids = wanted.map(({ id }) => id)
  const withKernels = kernelsOf(selectLanguages(catalogue, kernels))
  const withPackages = installersOf(selectLanguages(catalogue, packages))
  const all = [...new Set([...ids, ...withKernels, ...withPackages])]
  const built = await setUp(context, all, progress, withKernels, undefined, withPackages)
  if (json) context.print(JSON.stringify({ languages: ids, built }, null, 2))
  else if (built === 0) context.print('everything is set up')
}

/** `runyard languages list`. */
export async function listLanguages(context: CliContext, json: boolean): Promise<void> {
  const podman = await podmanOf(context)
  const present = await listImages(podman)
  const { languages, groups, sizes } = loadCatalogue(context.root)
  const rows: Row[] = []
  const names = imageNames(context.root)
  for (const language of languages) {
    const image = names.runtime(language)
    const there = present.has(image) ? await inspect(podman, image) : undefined
    const imageBytes = there ? Math.max(0, there.bytes - (sizes.get('base') ?? 0)) : (sizes.get(language.id) ?? null)
    const { id, name, aliases } = language
    rows.push({ id, name, aliases, installed: there !== undefined, version: there?.version ?? null, imageBytes })
  }
  const groupRows = groups.map((group) => groupRow(group, rows))
  if (json) return context.print(JSON.stringify({ languages: rows, groups: groupRows }, null, 2))
  const paint = context.paint ?? plain
  context.print(`${languageTable(rows, paint)}\n\n${groupTable(groupRows, paint)}`)
  const other = rows.find(({ installed }) => !installed)
  if (other === undefined) return
  context.print(`\nTo install one: npx runyard languages install ${other.id}`)
  context.print('To install a group: npx runyard languages install GROUP')
}

/** @returns the ids of languages. @throws UsageError when one has no kernel */
function kernelsOf(languages: readonly Language[]): string[] {
  const without = languages.find(({ kernel }) => !kernel)
  if (without !== undefined) {
    throw new UsageError(`${without.id} has no kernel; languages whose language.json has a "kernel" do`)
  }
  return languages.map(({ id }) => id)
}

/** @returns the ids of languages. @throws UsageError when no packages can be installed for one */
function installersOf(languages: readonly Language[]): string[] {
  const without = languages.find(({ environments }) => !environments)
  if (without !== undefined) {
    throw new UsageError(
      `${without.id} has no installer of packages; languages whose language.json has "environments" do`,
    )
  }
  return languages.map(({ id }) => id)
}

/** `runyard languages install`. @param extra whether their kernels, for sessions, and their installers of packages are wanted too */
export async function installLanguages(
  context: CliContext,
  names: readonly string[],
  progress: Progress,
  json = false,
  { kernel = false, packages = false }: { kernel?: boolean | undefined; packages?: boolean | undefined } = {},
): Promise<void> {
  const catalogue = loadCatalogue(context.root)
  const languages = selectLanguages(catalogue, names)
  const ids = languages.map(({ id }) => id)
  await announceSpace(context, catalogue, languages, progress)
  const kernels = kernel ? kernelsOf(languages) : []
  const built = await setUp(context, ids, progress, kernels, undefined, packages ? installersOf(languages) : [])
  if (json) return context.print(JSON.stringify({ languages: ids, built }, null, 2))
  context.print(built === 0 ? `${ids.join(', ')}: installed already` : `${ids.join(', ')}: installed`)
}

/**
 * Says how much it will take, before it begins.
 * @throws UsageError when the disk has not so much room
 */
async function announceSpace(
  context: CliContext,
  { sizes }: Catalogue,
  languages: readonly Language[],
  progress: Progress,
): Promise<void> {
  const podman = await podmanOf(context)
  const present = await listImages(podman)
  const names = imageNames(context.root)
  const missing = languages.filter((language) => !present.has(names.runtime(language))).map(({ id }) => id)
  if (missing.length === 0) return
  const { bytes, unknown } = spaceNeeded(sizes, missing, present.has(baseImage(context.root)))
  const free = await freeBytes(podman)
  if (free !== undefined && bytes > free) {
    const reason = `${missing.join(', ')}: about ${formatSpace(bytes)} on the disk, and only ${formatSpace(free)} are free`
    throw new UsageError(`${reason}; install fewer languages, or remove some: npx runyard languages remove ID`)
  }
  const size = unknown.length === missing.length ? 'an unknown size' : `about ${formatSpace(bytes)}`
  const more = unknown.length > 0 && unknown.length < missing.length ? `, and more for ${unknown.join(', ')}` : ''
  const room = free === undefined ? '' : ` (${formatSpace(free)} free)`
  progress.note(`To install: ${missing.join(', ')}: ${size} on the disk${more}${room}`)
}

/** What the disk with podman's images has left; undefined when that is the disk of another machine. */
async function freeBytes(podman: Podman): Promise<number | undefined> {
  try {
    const folder = (await podman.run(['info', '--format', '{{.Store.GraphRoot}}'])).trim()
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    return undefined
  }
}

/**
 * `runyard languages remove`. A worker keeps sandboxes of an image ready for as long as the image has its name, so the name
 * goes first: no job is accepted for it within seconds, the ready sandboxes end, and then the image itself can go.
 */
export async function removeLanguages(
  context: CliContext,
  names: readonly string[],
  progress: Progress,
  json = false,
): Promise<void> {
  const podman = await podmanOf(context)
  const present = await listImages(podman)
  const rows: { id: string; removed: boolean; stillUsed: boolean }[] = []
  for (const language of selectLanguages(loadCatalogue(context.root), names)) {
    const images = imagesOf(context.root, language).filter((image) => present.has(image))
    const { id } = language
    const removed = images.length > 0
    const gone = !removed || (await progress.step(`Removing ${language.name}`, () => removeImages(podman, images)))
    rows.push({ id, removed, stillUsed: !gone })
    // Of a group only those are told that were there.
    if (json || (!removed && !names.some((name) => findLanguage([language], name)))) continue
    context.print(removed ? `${id}: removed${gone ? '' : `; ${STILL_USED}`}` : `${id}: was not installed`)
  }
  if (json) context.print(JSON.stringify({ languages: rows }, null, 2))
}

const STILL_USED = 'sandboxes still use its image, "podman image prune" frees the space once they have ended'
/** A worker looks for images every 10 s. */
const RELEASE_MS = 15_000

/** @returns false when a container still uses one; its name is gone all the same */
async function removeImages(podman: Podman, images: readonly string[]): Promise<boolean> {
  let ids: string[] = []
  for (const image of images) {
    ids.push((await podman.run(['image', 'inspect', '--format', '{{.Id}}', image])).trim())
    await podman.run(['untag', image, image])
  }
  const deadline = Date.now() + RELEASE_MS
  const probe = async () => {
    const left: string[] = []
    for (const id of ids) if (!(await removeImage(podman, id))) left.push(id)
    ids = left
    if (ids.length === 0) return true
    return Date.now() > deadline ? false : undefined
  }
  return await until(probe, { everyMs: 500, timeoutMs: 2 * RELEASE_MS, fault: () => STILL_USED })
}

/** @returns false when a container uses it; true also when it was gone before, e.g. with an image made of it */
async function removeImage(podman: Podman, id: string): Promise<boolean> {
  if ((await podman.try(['rmi', id])).exitCode === 0) return true
  return (await podman.try(['image', 'exists', id])).exitCode !== 0
}

async function podmanOf({ config: { sandbox } }: CliContext): Promise<Podman> {
  return podmanCommand({ socketPath: sandbox.podmanSocket, mode: await podmanModeHere(sandbox.podmanMode) })
}

function imagesOf(root: string, language: Language): string[] {
  const names = imageNames(root)
  return [
    ...(language.kernel ? [names.kernel(language), kernelToolchainImage(root, language)] : []),
    ...(language.environments ? [names.installer(language), installerToolchainImage(root, language)] : []),
    names.runtime(language),
    toolchainImage(root, language),
  ]
}

async function inspect(podman: Podman, image: string): Promise<{ bytes: number; version: string | null }> {
  const format = `{{.Size}} {{index .Labels "${IMAGE_LABEL.version}"}}`
  const [bytes, version] = (await podman.run(['image', 'inspect', '--format', format, image])).trim().split(' ')
  return { bytes: Number(bytes), version: version || null }
}

interface GroupRow {
  id: string
  name: string
  languages: string[]
  /** How many of them are installed. */
  installed: number
  /** What the others would take on the disk, as far as that is known. */
  missingBytes: number
}

function groupRow({ id, name, languages }: LanguageGroup, rows: readonly Row[]): GroupRow {
  const members = rows.filter((row) => languages.includes(row.id))
  const missing = members.filter(({ installed }) => !installed)
  const missingBytes = missing.reduce((sum, { imageBytes }) => sum + (imageBytes ?? 0), 0)
  return { id, name, languages, installed: members.length - missing.length, missingBytes }
}

function groupTable(groups: readonly GroupRow[], paint: Paint): string {
  const columns = [
    { title: 'GROUP' },
    { title: 'INSTALLED', align: 'right' as const },
    { title: 'TO INSTALL', align: 'right' as const },
    { title: 'LANGUAGES' },
  ]
  const cells = groups.map(({ id, name, languages, installed, missingBytes }) => [
    id,
    `${installed} of ${languages.length}`,
    installed === languages.length ? '' : formatSpace(missingBytes),
    `${name}${languages.length > MANY_LANGUAGES ? '' : `: ${languages.join(', ')}`}`,
  ])
  return table(columns, cells, paint)
}

/** Of a group with more the members are not listed: its line would be too long to read. */
const MANY_LANGUAGES = 12

function languageTable(rows: readonly Row[], paint: Paint): string {
  const columns = [
    { title: 'ID' },
    { title: 'STATE', format: (state: string) => (state === 'installed' ? ('green' as const) : ('dim' as const)) },
    { title: 'VERSION' },
    { title: 'SIZE', align: 'right' as const },
    { title: 'NAME' },
  ]
  const cells = rows.map(({ id, installed, version, imageBytes, name, aliases }) => [
    id,
    installed ? 'installed' : 'not installed',
    version ?? '',
    imageBytes === null ? '' : formatSpace(imageBytes),
    `${name}${aliases.length > 0 ? ` (${aliases.join(', ')})` : ''}`,
  ])
  return table(columns, cells, paint)
}
