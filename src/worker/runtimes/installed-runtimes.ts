import type { Logger } from 'pino'
import type { JobSpec } from '../../shared/job.ts'
import { findLanguage, type Language, loadLanguages } from '../../shared/language.ts'
import { MINUTE } from '../../shared/limits.ts'
import type { Runtimes } from '../../shared/redis/worker-registry.ts'
import type { SessionHead } from '../../shared/sessions/session.ts'
import { IMAGE_LABEL, imageNames } from '../../shared/runtime-image.ts'
import { createPopularNames, nearNames } from '../environments/near-names.ts'
import type { Engine } from '../sandbox/engine.ts'

export interface InstalledRuntimes {
  /**
   * Looks again at what the engine has, unless that can be seen not to have changed.
   * @throws when the engine is to list its images and does not
   */
  refresh(): Promise<void>
  readonly runtimes: Runtimes
  /** Ids of all languages that could be. */
  readonly defined: readonly string[]
  /** References of the images of installed languages. */
  images: () => string[]
  /** How packages of an installed language are installed, and the image that can, where that is here. */
  installerOf: (
    language: string,
  ) => { installer: NonNullable<Language['environments']>; image: string | undefined; version: string } | undefined
  /** Names of packages of a language that exist, which may have been meant by one that does not. */
  nearNames: (language: string, name: string) => string[]
  /** Whose image this is; undefined for an operator's. */
  languageOf: (image: string) => Language | undefined
  /** @throws Error naming what is not installed and how to install it */
  locate: (spec: Pick<JobSpec, 'head'>) => { language: Language | undefined; image: string }
  /** Where a session can run; undefined when what it needs is not installed here. */
  locateSession: (head: Pick<SessionHead, 'language' | 'kernel'>) => { language: Language; image: string } | undefined
}

/** Those of this engine, looked up once. @throws when the engine does not answer */
export async function findRuntimes(
  engine: Engine,
  root: string,
  allowedImages: readonly string[],
  log: Logger,
): Promise<InstalledRuntimes> {
  const languages = loadLanguages(`${root}/languages`, (field) =>
    log.warn(field, 'field of a language was renamed; its former name works in this version only'),
  )
  const installed = createInstalledRuntimes(engine, root, languages, allowedImages)
  await installed.refresh()
  return installed
}

/** The images are listed at least so often: where a store is seen that is not this engine's, its mark says nothing. */
const BLIND_MS = MINUTE

/**
 * Which of the defined languages, and of the operator's images, this engine has at the version of this code.
 * @param root folder with `languages/` and `sandbox/`
 * @param allowedImages foreign images for container jobs
 */
export function createInstalledRuntimes(
  engine: Engine,
  root: string,
  languages: readonly Language[],
  allowedImages: readonly string[],
  now = () => performance.now(),
): InstalledRuntimes {
  const names = imageNames(root)
  const references = new Map(languages.map((language) => [language.id, names.runtime(language)]))
  const wrapped = new Map(allowedImages.map((image) => [image, names.wrapped(image)]))
  const kernels = new Map(
    languages.flatMap((language) => (language.kernel ? [[language.id, names.kernel(language)] as const] : [])),
  )
  const installers = new Map(
    languages.flatMap((language) => (language.environments ? [[language.id, names.installer(language)] as const] : [])),
  )
  const popularNames = createPopularNames(root)
  let seen: { mark: string; atMs: number } | undefined
  let runtimes: Runtimes = { languages: {}, images: [], kernels: [], packages: [] }

  const imageOf = (id: string): string => {
    const image = references.get(id)
    if (image === undefined || runtimes.languages[id] === undefined) {
      throw new Error(`language ${id} is not installed on this worker; npx runyard languages install ${id}`)
    }
    return image
  }

  return {
    async refresh() {
      const mark = await engine.imagesMark()
      if (seen && seen.mark === mark && now() - seen.atMs < BLIND_MS) return
      seen = undefined
      const atMs = now()
      const present = await engine.images(IMAGE_LABEL.version)
      const labels = new Map(present.flatMap((image) => image.references.map((name) => [name, image.labels])))
      const versions: Record<string, string> = {}
      for (const [id, reference] of references) {
        const version = labels.get(reference)?.[IMAGE_LABEL.version]
        if (version !== undefined) versions[id] = version
      }
      const images = [...wrapped].filter(([, reference]) => labels.has(reference)).map(([image]) => image)
      const withKernel = [...kernels].filter(([id, reference]) => id in versions && labels.has(reference))
      const withInstaller = [...installers].filter(([id, reference]) => id in versions && labels.has(reference))
      const packages = withInstaller.map(([id]) => id)
      runtimes = { languages: versions, images, kernels: withKernel.map(([id]) => id), packages }
      // What comes while it looks has another mark than that of before.
      if (mark !== undefined) seen = { mark, atMs }
    },
    defined: languages.map(({ id }) => id),
    get runtimes() {
      return runtimes
    },
    installerOf(id) {
      const installer = languages.find((language) => language.id === id)?.environments
      const version = runtimes.languages[id]
      if (!installer || version === undefined) return undefined
      return { installer, version, image: runtimes.packages?.includes(id) ? installers.get(id) : undefined }
    },
    nearNames(id, name) {
      const language = languages.find((one) => one.id === id)
      return language ? nearNames(name, popularNames(language), language.missingPackage?.names ?? {}) : []
    },
    languageOf: (image) => languages.find(({ id }) => references.get(id) === image),
    images: () => Object.keys(runtimes.languages).map(imageOf),
    locateSession({ language: id, kernel }) {
      const language = languages.find((one) => one.id === id)
      if (!language || runtimes.languages[id] === undefined) return undefined
      if (!kernel) return { language, image: imageOf(id) }
      const image = kernels.get(id)
      return image !== undefined && runtimes.kernels?.includes(id) ? { language, image } : undefined
    },
    locate({ head }) {
      if (head.kind === 'code') {
        const language = languages.find(({ id }) => id === head.language)
        if (!language) throw new Error(`language ${head.language ?? ''} is not defined on this worker`)
        return { language, image: imageOf(language.id) }
      }
      const name = head.image ?? ''
      const foreign = wrapped.get(name)
      if (foreign !== undefined) return { language: undefined, image: foreign }
      const language = findLanguage(languages, name)
      if (!language)
        throw new Error(`image ${name} is not allowed on this worker; CONTAINER_IMAGES lists those that are`)
      return { language: undefined, image: imageOf(language.id) }
    },
  }
}
