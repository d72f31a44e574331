import type { Progress } from '../host/progress.ts'
import { liveLine } from './live-line.ts'
import { paintFor } from './paint.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

interface Step {
  title: string
  elapsed: () => string
  detail: string
}

/**
 * One line a step, which lives while the step runs; without a terminal, a line before and a line after it. Steps that run at once
 * share the line that lives.
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
  const steps = new Set<Step>()
  let timer: NodeJS.Timeout | undefined
  let frame = 0
  const draw = () => {
    const mark = FRAMES[frame++ % FRAMES.length] ?? ''
    const [only] = steps
    const shown =
      steps.size === 1 && only
        ? `${only.title}  ${only.elapsed()}${only.detail === '' ? '' : `  ${only.detail}`}`
        : [...steps].map(({ title, elapsed }) => `${title} ${elapsed()}`).join(' · ')
    line.show(`${mark} ${shown}`)
  }
  return {
    note(text) {
      line.clear()
      out.write(`${text}\n`)
    },
    async step(title, work) {
      const began = performance.now()
      const elapsed = () => formatSeconds(performance.now() - began)
      const step: Step = { title, elapsed, detail: '' }
      steps.add(step)
      if (live) {
        timer ??= setInterval(draw, 120)
        draw()
      } else out.write(`- ${title} ...\n`)
      const finish = (mark: string) => {
        steps.delete(step)
        if (steps.size === 0) {
          clearInterval(timer)
          timer = undefined
        }
        line.clear()
        out.write(`${live ? '' : '  '}${mark} ${title}  ${elapsed()}\n`)
      }
      try {
        const result = await work((text) => {
          if (details && !live && text !== step.detail) out.write(`  ${steps.size > 1 ? `${title}: ` : ''}${text}\n`)
          step.detail = text
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
