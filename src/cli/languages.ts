import { listImages } from '../host/images/image-store.ts'
import { kernelToolchainImage, toolchainImage } from '../host/images/references.ts'
import { podmanCommand, type Podman } from '../host/podman.ts'
import { podmanModeHere } from '../host/podman-mode.ts'
import type { Progress } from '../host/progress.ts'
import type { Language } from '../shared/language.ts'
import { IMAGE_LABEL, kernelImage, runtimeImage } from '../shared/runtime-image.ts'
import { loadConfiguredLanguages, selectLanguages, UsageError, type CliContext } from './context.ts'
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
}

/** `runyard setup`. @param names ids or aliases; the default languages when absent */
export async function setUpLanguages(
  context: CliContext,
  names: readonly string[] | undefined,
  progress: Progress,
  json: boolean,
  kernels: readonly string[] = [],
): Promise<void> {
  const languages = loadConfiguredLanguages(context.root)
  const wanted = names === undefined ? languages.filter((one) => one.default) : selectLanguages(languages, names)
  const ids = wanted.map(({ id }) => id)
  const withKernels = kernelsOf(selectLanguages(languages, kernels))
  const built = await setUp(context, [...new Set([...ids, ...withKernels])], progress, withKernels)
  if (json) context.print(JSON.stringify({ languages: ids, built }, null, 2))
  else if (built === 0) context.print('everything is set up')
}

/** `runyard languages list`. */
export async function listLanguages(context: CliContext, json: boolean): Promise<void> {
  const podman = await podmanOf(context)
  const present = await listImages(podman)
  const rows: Row[] = []
  for (const language of loadConfiguredLanguages(context.root)) {
    const image = runtimeImage(context.root, language)
    const installed = present.has(image)
    const version = installed ? await versionLabel(podman, image) : null
    rows.push({ id: language.id, name: language.name, aliases: language.aliases, installed, version })
  }
  if (json) return context.print(JSON.stringify({ languages: rows }, null, 2))
  context.print(languageTable(rows, context.paint ?? plain))
  const other = rows.find(({ installed }) => !installed)
  if (other !== undefined) context.print(`\nTo install one: npx runyard languages install ${other.id}`)
}

/** @returns the ids of languages. @throws UsageError when one has no kernel */
function kernelsOf(languages: readonly Language[]): string[] {
  const without = languages.find(({ kernel }) => !kernel)
  if (without !== undefined) {
    throw new UsageError(`${without.id} has no kernel; languages whose language.json has a "kernel" do`)
  }
  return languages.map(({ id }) => id)
}

/** `runyard languages install`. @param kernel whether their kernels, for sessions, are wanted too */
export async function installLanguages(
  context: CliContext,
  names: readonly string[],
  progress: Progress,
  json = false,
  kernel = false,
): Promise<void> {
  const languages = selectLanguages(loadConfiguredLanguages(context.root), names)
  const ids = languages.map(({ id }) => id)
  const built = await setUp(context, ids, progress, kernel ? kernelsOf(languages) : [])
  if (json) return context.print(JSON.stringify({ languages: ids, built }, null, 2))
  context.print(built === 0 ? `${ids.join(', ')}: installed already` : `${ids.join(', ')}: installed`)
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
  for (const language of selectLanguages(loadConfiguredLanguages(context.root), names)) {
    const images = imagesOf(context.root, language).filter((image) => present.has(image))
    const { id } = language
    const removed = images.length > 0
    const gone = !removed || (await progress.step(`Removing ${language.name}`, () => removeImages(podman, images)))
    rows.push({ id, removed, stillUsed: !gone })
    if (json) continue
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

const imagesOf = (root: string, language: Language) => [
  ...(language.kernel ? [kernelImage(root, language), kernelToolchainImage(root, language)] : []),
  runtimeImage(root, language),
  toolchainImage(root, language),
]

async function versionLabel(podman: Podman, image: string): Promise<string | null> {
  const format = `{{index .Labels "${IMAGE_LABEL.version}"}}`
  return (await podman.run(['image', 'inspect', '--format', format, image])).trim() || null
}

function languageTable(rows: readonly Row[], paint: Paint): string {
  const columns = [
    { title: 'ID' },
    { title: 'STATE', format: (state: string) => (state === 'installed' ? ('green' as const) : ('dim' as const)) },
    { title: 'VERSION' },
    { title: 'NAME' },
  ]
  const cells = rows.map(({ id, installed, version, name, aliases }) => [
    id,
    installed ? 'installed' : 'not installed',
    version ?? '',
    `${name}${aliases.length > 0 ? ` (${aliases.join(', ')})` : ''}`,
  ])
  return table(columns, cells, paint)
}
