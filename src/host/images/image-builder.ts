import { readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { filesFor } from '../../shared/fetched-file.ts'
import type { Language } from '../../shared/language.ts'
import { createTurns } from '../../shared/turns.ts'
import {
  IMAGE_LABEL,
  INIT_PATH,
  installerImage,
  kernelImage,
  runtimeImage,
  wrappedImage,
} from '../../shared/runtime-image.ts'
import { withAptCache } from '../apt-cache.ts'
import { aptVolumes, readAptSettings } from '../apt-settings.ts'
import { detectRuntime } from '../oci-runtime.ts'
import type { Podman } from '../podman.ts'
import type { Progress } from '../progress.ts'
import { ulimitArguments } from '../ulimits.ts'
import { buildImage, condense } from './build-image.ts'
import { makeDebianImage } from './debian-image.ts'
import { withFetchedFiles } from './fetch/fetch-files.ts'
import { readLists } from './fetch/read-lists.ts'
import { listImages } from './image-store.ts'
import { FETCHED, sharedRun, withFetchedArgument } from './recipe-steps.ts'
import {
  baseImage,
  DEBIAN_IMAGE,
  installerToolchainImage,
  kernelToolchainImage,
  SUITE,
  toolchainImage,
} from './references.ts'

export interface ImageBuilder {
  /** Whether this version's image of a language is there. */
  hasLanguage(language: Language): Promise<boolean>
  /** Builds the image that all languages' begin with. @returns false when there was nothing to do */
  base(): Promise<boolean>
  /**
   * Builds what of a language's image is missing.
   * @param position behind the step's title, e.g. `(3 of 12)`
   * @returns false when there was nothing to do
   */
  language(language: Language, position?: string): Promise<boolean>
  /** The same of the image with its kernel; the language's own is there before. @throws Error when the language has no kernel */
  kernel(language: Language): Promise<boolean>
  /** The same of the image that installs its packages. @throws Error when there is no installer for the language */
  installer(language: Language): Promise<boolean>
  /** Wraps an image that the operator allows in container jobs with init; fetches it when podman has it not. */
  container(reference: string): Promise<boolean>
}

export interface ImageBuilderOptions {
  root: string
  /** Where caches, and the OCI runtime that was found, are kept. */
  dataDir: string
  podman: Podman
  progress: Progress
  /** The OCI runtime to use, without trying others. */
  ociRuntime?: string | undefined
  /** Multiplies how long a trial of that is waited for: `TIMEOUT_FACTOR`. */
  timeoutFactor?: number | undefined
}

/** @throws Error (from its methods) when a build fails, ending with the last lines the build printed */
export function imageBuilder(options: ImageBuilderOptions): ImageBuilder {
  const { root, dataDir, progress } = options
  let present: Promise<Set<string>> | undefined
  let working: Promise<Podman> | undefined
  let basing: Promise<boolean> | undefined
  const inTurn = createTurns()
  const images = () => (present ??= listImages(options.podman))
  const has = async (reference: string) => (await images()).has(reference)

  async function build(tag: string, rest: Omit<Parameters<typeof buildImage>[0], 'podman' | 'tag'>): Promise<void> {
    await buildImage({ ...rest, podman: await podman(), tag })
    ;(await images()).add(tag)
  }

  const withApt = <T>(use: (volumes: readonly string[]) => Promise<T>) =>
    withAptCache(dataDir, async (folder) => use(await aptVolumes(folder, await readAptSettings(SUITE))))

  /** Podman with a runtime that works. Needs an image to try it with, so the first image is made before. */
  function podman(): Promise<Podman> {
    return (working ??= (async () => {
      await debian()
      const runtime = await detectRuntime({
        podman: options.podman,
        image: DEBIAN_IMAGE,
        asked: options.ociRuntime,
        timeoutFactor: options.timeoutFactor,
        dataDir,
      })
      return options.podman.withRuntime(runtime)
    })())
  }

  async function debian(): Promise<void> {
    if (await has(DEBIAN_IMAGE)) return
    await progress.step(`Minimal Debian (${SUITE})`, async (detail) => {
      await makeDebianImage(options.podman, dataDir, await readAptSettings(SUITE), detail)
      ;(await images()).add(DEBIAN_IMAGE)
    })
  }

  const base = () => (basing ??= makeBase())

  async function makeBase(): Promise<boolean> {
    const tag = baseImage(root)
    if (await has(tag)) return false
    await debian()
    await progress.step('Base image', (detail) =>
      withApt((volumes) =>
        build(tag, {
          containerfile: BASE_CONTAINERFILE,
          buildArgs: { FROM: DEBIAN_IMAGE, RECIPE: tag },
          context: join(root, 'sandbox'),
          volumes: [...volumes, '--volume', `${join(root, 'sandbox')}:/mnt:ro`],
          onLine: (line) => detailOf(line, detail),
        }),
      ),
    )
    return true
  }

  const toolchain = (language: Language, detail: (text: string) => void): Promise<string> =>
    layer(toolchainImage(root, language), baseImage(root), `${language.id}/Containerfile`, detail, language.fetch)

  async function layer(
    tag: string,
    from: string,
    file: string,
    detail: (text: string) => void,
    fetch?: Language['fetch'],
  ): Promise<string> {
    if (await has(tag)) return tag
    const context = join(root, 'languages')
    const recipe = `${await readFile(join(context, file), 'utf8')}\n${STRIP_SETUID}\n`
    const rest = { context, onLine: (line: string) => detailOf(line, detail) }
    const files = filesFor(await readLists(context, fetch ?? []))
    // Two that begin alike, built at the same time, would each make the layer that they can share.
    await inTurn(`${from} ${sharedRun(recipe) ?? tag}`, () =>
      withApt(async (volumes) => {
        if (files.length === 0)
          return build(tag, { ...rest, containerfile: recipe, buildArgs: { BASE: from }, volumes })
        await withFetchedFiles({ files, folder: join(dataDir, 'fetched'), detail }, async (folder) =>
          build(tag, {
            ...rest,
            // What is mounted is no part of what podman keeps layers by: the tag, which has its hash, stands in for it.
            containerfile: withFetchedArgument(recipe),
            buildArgs: { BASE: from, FETCHED: tag },
            volumes: [...volumes, '--volume', `${folder}:${FETCHED}:ro`],
          }),
        )
      }),
    )
    return tag
  }

  /** Adds init as the last layer. */
  async function addInit(tag: string, from: string, labels: Record<string, string>): Promise<void> {
    const context = join(root, 'sandbox/build')
    requireFreshInit(root)
    const lines = Object.entries(labels).map(([name, value]) => `LABEL ${name}=${JSON.stringify(value)}\n`)
    const containerfile = `ARG FROM\nFROM \${FROM}\nCOPY --chown=0:0 --chmod=0755 init ${INIT_PATH}\n${lines.join('')}`
    await build(tag, { containerfile, buildArgs: { FROM: from }, context })
  }

  return {
    hasLanguage: (language) => has(runtimeImage(root, language)),
    base,
    async language(language, position = '') {
      const tag = runtimeImage(root, language)
      if (await has(tag)) return false
      await base()
      await progress.step(`${language.name} image ${position}`.trimEnd(), async (detail) => {
        const from = await toolchain(language, detail)
        detail('asking for its version')
        const version = await versionOf(await podman(), from, language)
        detail('adding init')
        await addInit(tag, from, { [IMAGE_LABEL.language]: language.id, [IMAGE_LABEL.version]: version })
      })
      return true
    },
    async kernel(language) {
      if (!language.kernel) throw new Error(`${language.id} has no kernel`)
      const tag = kernelImage(root, language)
      if (await has(tag)) return false
      await base()
      await progress.step(`${language.name} kernel image`, async (detail) => {
        const from = await toolchain(language, detail)
        const whole = await layer(
          kernelToolchainImage(root, language),
          from,
          `${language.id}/kernel/Containerfile`,
          detail,
          language.kernel?.fetch,
        )
        const version = await versionOf(await podman(), whole, language)
        detail('adding init')
        await addInit(tag, whole, { [IMAGE_LABEL.language]: language.id, [IMAGE_LABEL.version]: version })
      })
      return true
    },
    async installer(language) {
      const { environments } = language
      if (!environments) throw new Error(`${language.id} has no installer of packages`)
      const tag = installerImage(root, language)
      if (await has(tag)) return false
      await base()
      await progress.step(`${language.name} package installer image`, async (detail) => {
        const from = await toolchain(language, detail)
        const file = `${language.id}/installer/Containerfile`
        const whole = await layer(installerToolchainImage(root, language), from, file, detail, environments.fetch)
        const version = await versionOf(await podman(), whole, language)
        detail('adding init')
        await addInit(tag, whole, { [IMAGE_LABEL.language]: language.id, [IMAGE_LABEL.version]: version })
      })
      return true
    },
    async container(reference) {
      const tag = wrappedImage(root, reference)
      if (await has(tag)) return false
      await podman()
      await progress.step(`Container image ${reference}`, async (detail) => {
        const fetched = await options.podman.try(['image', 'exists', reference])
        if (fetched.exitCode !== 0) {
          detail('fetching it')
          await options.podman.run(['pull', '--quiet', reference], { timeoutMs: PULL_MS })
        }
        await addInit(tag, reference, {})
      })
      return true
    },
  }
}

const PULL_MS = 600_000
/** The script is no part of what podman keeps layers by: its hash stands in for it. */
const BASE_CONTAINERFILE =
  'ARG FROM\nFROM ${FROM}\nARG RECIPE\nENV LANG=C.UTF-8\nRUN DEBIAN_FRONTEND=noninteractive sh /mnt/base.sh\nWORKDIR /job\n'

/** Packages may bring programs that give rights to whoever runs them. */
const STRIP_SETUID = 'RUN find / -xdev -type f -perm /6000 -exec chmod a-s {} +'

/** An image is named by init's sources, so it must not get an init made of others. */
function requireFreshInit(root: string): void {
  const folder = join(root, 'sandbox')
  const init = statSync(join(folder, 'build/init'), { throwIfNoEntry: false })
  const sources = readdirSync(folder).filter((name) => /\.[ch]$/.test(name))
  const newest = Math.max(0, ...sources.map((name) => statSync(join(folder, name)).mtimeMs))
  if (init === undefined || init.mtimeMs < newest) {
    throw new Error(`${join(folder, 'build/init')} is missing or older than its sources; "make -C sandbox" builds it`)
  }
}

function detailOf(line: string, detail: (text: string) => void): void {
  const text = condense(line)
  if (text !== undefined) detail(text)
}

/** The bare number out of what the version command prints in the image. */
async function versionOf(podman: Podman, image: string, language: Language): Promise<string> {
  const text = await podman.run([
    'run',
    '--rm',
    '--pull=never',
    '--network=none',
    '--read-only',
    ...ulimitArguments(),
    ...Object.entries(language.env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    image,
    ...language.versionCommand,
  ])
  return parseVersion(text) ?? fail(`${language.id}: no version number in the output of its versionCommand: ${text}`)
}

/** The first thing like `3.13.5` in a text. */
export function parseVersion(text: string): string | undefined {
  return /\d+\.\d+(?:\.\d+)?/.exec(text)?.[0]
}

function fail(message: string): never {
  throw new Error(message)
}
