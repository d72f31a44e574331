import type { Logger } from 'pino'
import type { Language } from '../../shared/language.ts'
import { MINUTE, SECOND } from '../../shared/limits.ts'
import type { SessionLimits, SessionSpec } from '../../shared/sessions/session.ts'
import type { SessionBody } from './session-body.ts'

/**
 * Bodies with a kernel that wait for their session: starting a kernel takes seconds. Once a session of a language has come, one of that language is kept
 * ready, for as long as more sessions come; the same for the packages that sessions had last. They count as memory of sessions and give way to sessions,
 * and those with packages give way to whoever needs the place of the packages.
 */
export interface WaitingBodies {
  /** What they take, in bytes. */
  readonly usedBytes: number
  /** How many there are, also while they are made. */
  readonly count: number
  /** One that fits, if there is one. */
  take(spec: SessionSpec): SessionBody | undefined
  /**
   * A session of this language has come: keeps one ready from now on, for a while.
   * @param environment of its packages; of those only the last few are kept
   */
  wanted(language: Language, environment: string | undefined): void
  /** Removes some to make room. @returns whether there is so much now */
  makeRoom(bytes: number): boolean
  /**
   * Gives up those with packages that are meant, until sessions come that want them again. Those that are being made are always meant.
   * @returns whether there were any that let go of their packages at once
   */
  giveUp(isMeant: (body: SessionBody) => boolean): boolean
  /** Makes those that are missing and removes those that are not wanted. To be called now and then. */
  look(): void
  close(): void
}

export interface WaitingBodiesOptions {
  /** How many of each language. */
  ready: number
  /** The limits of a session that asks for none. */
  limitsOf: (language: Language) => SessionLimits
  /** Starts one. @throws Error when it cannot */
  make: (language: Language, limits: SessionLimits, environment: string | undefined) => Promise<SessionBody>
  /** Room that sessions and those that wait leave, in bytes. */
  freeBytes: () => number
  log: Logger
}

/** After the last session of its language, and after a failure to make one. */
const WANTED_MS = 60 * MINUTE
const RETRY_MS = 30 * SECOND

/** Environments whose bodies are kept, of all languages together: anybody can ask for new ones. */
const MOST_ENVIRONMENTS = 2

interface Wish {
  language: Language
  environment: string | undefined
  until: number
}

interface Waiting {
  language: Language
  environment: string | undefined
  memoryBytes: number
  /** Undefined while it is made. */
  body: SessionBody | undefined
}

export function createWaitingBodies({ ready, limitsOf, make, freeBytes, log }: WaitingBodiesOptions): WaitingBodies {
  let waiting: Waiting[] = []
  /** In the order in which they were wanted last. */
  let wishes: Wish[] = []
  let quietUntil = 0
  let isClosed = false

  const forget = (one: Waiting) => {
    waiting = waiting.filter((other) => other !== one)
  }
  const discard = (one: Waiting) => {
    forget(one)
    one.body?.release()
  }

  const start = ({ language, environment }: Wish) => {
    const limits = limitsOf(language)
    const one: Waiting = { language, environment, memoryBytes: limits.memoryBytes, body: undefined }
    waiting.push(one)
    const failed = (err: unknown) => {
      if (!waiting.includes(one)) return
      discard(one)
      // Its packages may be gone, which is no fault of the others.
      if (environment === undefined) quietUntil = Date.now() + RETRY_MS
      else wishes = wishes.filter((wish) => !isOf(wish, one))
      if (!isClosed) log.warn({ err, language: language.id, environment }, 'no session could be made ahead')
    }
    make(language, limits, environment).then((body) => {
      // It was given up meanwhile.
      if (!waiting.includes(one)) return body.release()
      one.body = body
      body.ready.catch(failed)
      // Its sandbox went, or its limits ended it.
      void body.stage.then(
        () => failed(new Error('it ended')),
        (err: unknown) => failed(err),
      )
    }, failed)
  }

  const look = () => {
    const now = Date.now()
    wishes = wishes.filter(({ until }) => until >= now)
    for (const one of waiting) if (!wishes.some((wish) => isOf(wish, one))) discard(one)
    if (isClosed || now < quietUntil) return
    for (const wish of wishes) {
      const there = waiting.filter((one) => isOf(wish, one)).length
      if (there < ready && freeBytes() >= limitsOf(wish.language).memoryBytes) start(wish)
    }
  }

  return {
    get usedBytes() {
      return waiting.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)
    },
    get count() {
      return waiting.length
    },
    take({ head, env, environment }) {
      const fits = ({ language, environment: own, body }: Waiting) =>
        body !== undefined &&
        language.id === head.language &&
        own === environment &&
        head.kernel &&
        Object.keys(env).length === 0 &&
        sameLimits(limitsOf(language), head.limits)
      const one = waiting.find(fits)
      if (!one) return undefined
      forget(one)
      return one.body
    },
    wanted(language, environment) {
      if (ready === 0 || !language.kernel) return
      const wish = { language, environment, until: Date.now() + WANTED_MS }
      wishes = [...wishes.filter((other) => !isOf(other, wish)), wish]
      const withPackages = wishes.filter((one) => one.environment !== undefined)
      const old = withPackages.slice(0, -MOST_ENVIRONMENTS)
      wishes = wishes.filter((one) => !old.includes(one))
    },
    makeRoom(bytes) {
      while (freeBytes() < bytes) {
        const [first] = waiting
        if (!first) return false
        discard(first)
      }
      return true
    },
    giveUp(isMeant) {
      const given = waiting.filter(
        ({ environment, body }) => environment !== undefined && (body === undefined || isMeant(body)),
      )
      wishes = wishes.filter((wish) => !given.some((one) => isOf(wish, one)))
      for (const one of given) discard(one)
      return given.some(({ body }) => body !== undefined)
    },
    look,
    close() {
      isClosed = true
      for (const one of waiting) discard(one)
    },
  }
}

/** Whether both are of the same language and packages. */
const isOf = (one: Pick<Wish, 'language' | 'environment'>, other: Pick<Wish, 'language' | 'environment'>): boolean =>
  one.language === other.language && one.environment === other.environment

const sameLimits = (one: SessionLimits, other: SessionLimits): boolean =>
  (Object.keys(one) as (keyof SessionLimits)[]).every((name) => one[name] === other[name])
