import type { Progress } from '../host/progress.ts'
import { liveLine } from './live-line.ts'
import { paintFor } from './paint.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/**
 * One line a step, which lives while the step runs; without a terminal, a line before and a line after it.
 * @param details without a terminal, a line for whatever a step is at, too
 */
export function terminalProgress(
  out: NodeJS.WriteStream = process.stdout,
  ci = Boolean(process.env['CI']),
  details = false,
): Progress {
  const live = out.isTTY && !ci
  const line = liveLine(out, live)
  const paint = paintFor(out, process.env)
  return {
    note: (text) => void out.write(`${text}\n`),
    async step(title, work) {
      const began = performance.now()
      const elapsed = () => formatSeconds(performance.now() - began)
      let detail = ''
      let frame = 0
      const draw = () => {
        const mark = FRAMES[frame++ % FRAMES.length] ?? ''
        line.show(`${mark} ${title}  ${elapsed()}${detail === '' ? '' : `  ${detail}`}`)
      }
      const timer = live ? setInterval(draw, 120) : undefined
      if (live) draw()
      else out.write(`- ${title} ...\n`)
      const finish = (mark: string) => {
        clearInterval(timer)
        line.clear()
        out.write(`${live ? '' : '  '}${mark} ${title}  ${elapsed()}\n`)
      }
      try {
        const result = await work((text) => {
          if (details && !live && text !== detail) out.write(`  ${text}\n`)
          detail = text
        })
        finish(paint('green', '✓'))
        return result
      } catch (error) {
        finish(paint('red', '✗'))
        throw error
      }
    },
  }
}

/** `0.42 s`, `3.1 s`, `75 s`: never more digits than a person reads. */
export function formatSeconds(ms: number): string {
  const seconds = ms / 1000
  return `${seconds < 1 ? seconds.toFixed(2) : seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0)} s`
}
