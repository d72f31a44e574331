import type { Logger } from 'pino'
import { closeOnce } from '../../shared/close-once.ts'
import { type Installation, INSTALLATION_BEAT_MS, type Installations } from '../../shared/redis/installations.ts'
import { type InstallResult, runInstall } from './run-install.ts'

export interface InstallOnRequest {
  /** Takes up what is asked for, unless another worker of this host has. */
  look: (id: string) => void
  /** Looks at all that may wait: a message may have been missed. */
  lookAtAll: () => Promise<void>
  /** Ends what is under way. */
  close: () => Promise<void>
}

export interface InstallOnRequestOptions {
  installations: Installations
  host: string
  /** Ids of the languages that can be installed. */
  languages: ReadonlySet<string>
  /** Folder with `dist/`. */
  root: string
  /** Settings of the command that installs. */
  env: NodeJS.ProcessEnv
  /** Takes up what was installed. */
  installed: () => Promise<void>
  log: Logger
}

/** Installs and removes languages as operators ask, one after another. */
export function createInstallOnRequest(options: InstallOnRequestOptions): InstallOnRequest {
  const { installations, host, languages, root, env, installed, log } = options
  const closing = new AbortController()
  const seen = new Set<string>()
  /** Ids of those that this worker has begun, or will look at when it has done with others. */
  const pending = new Set<string>()
  let last: Promise<void> = Promise.resolve()
  let beat: NodeJS.Timeout | undefined

  const install = async (installation: Installation): Promise<InstallResult> => {
    const { id, language, action } = installation
    // Lines are told in their order, and slow nothing.
    let told: Promise<unknown> = Promise.resolve()
    const tell = (text: string) => {
      told = told.then(() => installations.line(id, host, text)).catch(() => undefined)
    }
    try {
      return await runInstall({ root, env, action, language, tell, signal: closing.signal })
    } finally {
      await told
    }
  }

  const take = async (id: string) => {
    const installation = await installations.read(id)
    if (!installation || !languages.has(installation.language) || closing.signal.aborted) return
    if (!(await installations.claim(installation, host))) return
    const { language, action } = installation
    log.info({ language, action, installation: id }, 'installation started')
    const { ok, detail } = await install(installation)
    if (ok) await installed()
    await installations.end(installation, host, ok, detail)
    log.info({ language, action, installation: id, ok, detail }, 'installation ended')
  }

  const tellAlive = () => {
    for (const id of pending) void installations.alive(id).catch(() => undefined)
  }
  const look = (id: string) => {
    if (seen.has(id)) return
    seen.add(id)
    pending.add(id)
    beat ??= setInterval(tellAlive, INSTALLATION_BEAT_MS)
    last = last
      .then(() => take(id))
      .catch((err: unknown) => log.error({ err, installation: id }, 'installation failed'))
      .finally(() => {
        pending.delete(id)
        if (pending.size > 0) return
        clearInterval(beat)
        beat = undefined
      })
  }
  return {
    look,
    async lookAtAll() {
      const ids = await installations.open()
      for (const id of seen) if (!ids.includes(id)) seen.delete(id)
      ids.forEach(look)
    },
    close: closeOnce(
      () => closing.abort(),
      () => last,
    ),
  }
}
