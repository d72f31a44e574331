import CircuitBreaker from 'opossum'
import type { Logger } from 'pino'
import { SECOND } from '../../shared/limits.ts'
import { startTimer } from '../timer.ts'
import type { Engine } from './engine.ts'
import type { Sandbox } from './sandbox.ts'

/** The engine does not answer or cannot make sandboxes; nothing is asked of it until it is tried again. */
export class EngineDown extends Error {
  override readonly name = 'EngineDown'
}

/**
 * A circuit breaker around the making of sandboxes. It opens when the engine does not answer, or fails to make most of the
 * sandboxes it is asked for, or a few in a row; then making one fails at once. While it is open the engine is asked every second whether it
 * answers again, and one sandbox is made for a trial before it closes.
 */
export interface EngineHealth {
  /** Makes a sandbox. @throws EngineDown while the breaker is open, what the engine says otherwise */
  create(image: string, memoryBytes: number): Promise<Sandbox>
  readonly up: boolean
  /** Looks now instead of at the next second: something has ended that should not have. */
  look(): void
  stop(): void
}

export interface EngineHealthOptions {
  engine: Engine
  create(image: string, memoryBytes: number): Promise<Sandbox>
  /** Makes a sandbox and removes it: what closes the breaker again. */
  trial(): Promise<unknown>
  changed(up: boolean): void
  log: Logger
}

const PING_MS = SECOND / 4
/** So many pings in a row that take too long mean that the engine is stuck; one that is refused, that it is gone. */
const SLOW_PINGS = 4
const TRIAL_MS = SECOND
/** Of at least so many tries within ten seconds most have to fail; so many in a row may take as long as they like to. */
const LEAST_TRIES = 4

export function createEngineHealth(options: EngineHealthOptions): EngineHealth {
  const { engine, log } = options
  const breaker = new CircuitBreaker(options.create.bind(options), {
    timeout: false,
    errorThresholdPercentage: 50,
    volumeThreshold: LEAST_TRIES,
    // Closing it is for the trial below.
    resetTimeout: 2 ** 31 - 1,
    errorFilter: isAboutOneImage,
  })
  let slow = 0
  let failedInRow = 0
  let trying = false
  let lastTrial = 0

  breaker.on('open', () => {
    log.error('the container engine cannot make sandboxes; this worker takes no jobs until it can')
    options.changed(false)
  })
  breaker.on('close', () => {
    log.info('the container engine makes sandboxes again')
    options.changed(true)
  })

  const look = async () => {
    if (trying) return
    trying = true
    try {
      await engine.ping()
      slow = 0
      if (!breaker.opened || performance.now() - lastTrial < TRIAL_MS) return
      lastTrial = performance.now()
      await options.trial()
      failedInRow = 0
      breaker.close()
    } catch (err) {
      slow++
      if (breaker.opened || (isTimeout(err) && slow < SLOW_PINGS)) return
      log.warn({ err }, 'the container engine does not answer')
      breaker.open()
    } finally {
      trying = false
    }
  }
  const timer = startTimer('look at the engine', PING_MS, look, log)

  return {
    async create(image, memoryBytes) {
      try {
        const sandbox = await breaker.fire(image, memoryBytes)
        failedInRow = 0
        return sandbox
      } catch (error) {
        if (CircuitBreaker.isOurError(error as Error)) throw new EngineDown('the container engine is away')
        // Each of them may hang until it is given up, so that there are never many within ten seconds.
        if (!isAboutOneImage(error) && ++failedInRow >= LEAST_TRIES && !breaker.opened) breaker.open()
        // A call that fails because the engine went away tells so sooner than the next look.
        void look()
        throw error
      }
    },
    get up() {
      return !breaker.opened
    },
    look: () => void look(),
    stop() {
      timer.stop()
      breaker.shutdown()
    },
  }
}

/** No such image, or one that cannot be run: the engine itself is well. */
export function isAboutOneImage(error: unknown): boolean {
  const { statusCode } = error as { statusCode?: number }
  return statusCode === 404 || statusCode === 400
}

const isTimeout = (error: unknown) => (error as Error).name === 'TimeoutError' || (error as Error).name === 'AbortError'
