import { listImages } from '../host/images/image-store.ts'
import { toolchainImage } from '../host/images/references.ts'
import { podmanCommand, type Podman } from '../host/podman.ts'
import type { Progress } from '../host/progress.ts'
import type { Language } from '../shared/language.ts'
import { IMAGE_LABEL, runtimeImage } from '../shared/runtime-image.ts'
import { loadConfiguredLanguages, selectLanguages, type CliContext } from './context.ts'
import { setUp } from './set-up.ts'

interface Row {
  id: string
  name: string
  aliases: string[]
  installed: boolean
  version: string | null
}

/** `runyard languages list`. */
export async function listLanguages(context: CliContext, json: boolean): Promise<void> {
  const podman = podmanOf(context)
  const present = await listImages(podman)
  const rows: Row[] = []
  for (const language of loadConfiguredLanguages(context.root)) {
    const image = runtimeImage(context.root, language)
    const installed = present.has(image)
    const version = installed ? await versionLabel(podman, image) : null
    rows.push({ id: language.id, name: language.name, aliases: language.aliases, installed, version })
  }
  context.print(json ? JSON.stringify({ languages: rows }, null, 2) : table(rows))
}

/** `runyard languages install`. */
export async function installLanguages(
  context: CliContext,
  names: readonly string[],
  progress: Progress,
): Promise<void> {
  const languages = selectLanguages(loadConfiguredLanguages(context.root), names)
  const ids = languages.map(({ id }) => id)
  const built = await setUp(context, ids, progress)
  context.print(built === 0 ? `${ids.join(', ')}: installed already` : `${ids.join(', ')}: installed`)
}

/** `runyard languages remove`. @throws CommandError when a running job still uses one */
export async function removeLanguages(context: CliContext, names: readonly string[]): Promise<void> {
  const podman = podmanOf(context)
  const present = await listImages(podman)
  for (const language of selectLanguages(loadConfiguredLanguages(context.root), names)) {
    const images = imagesOf(context.root, language).filter((image) => present.has(image))
    if (images.length > 0) await podman.run(['rmi', ...images])
    context.print(`${language.id}: ${images.length > 0 ? 'removed' : 'was not installed'}`)
  }
}

const podmanOf = ({ config }: CliContext) => podmanCommand({ socketPath: config.sandbox.podmanSocket })

const imagesOf = (root: string, language: Language) => [runtimeImage(root, language), toolchainImage(root, language)]

async function versionLabel(podman: Podman, image: string): Promise<string | null> {
  const format = `{{index .Labels "${IMAGE_LABEL.version}"}}`
  return (await podman.run(['image', 'inspect', '--format', format, image])).trim() || null
}

function table(rows: readonly Row[]): string {
  return rows
    .map(({ id, installed, version, name, aliases }) => {
      const state = installed ? `installed ${version ?? ''}` : 'not installed'
      return `${id.padEnd(12)} ${state.padEnd(20)} ${name}${aliases.length > 0 ? ` (${aliases.join(', ')})` : ''}`
    })
    .join('\n')
}
