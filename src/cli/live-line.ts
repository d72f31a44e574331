/** A line at the bottom of a terminal that is drawn over. */
export interface LiveLine {
  /** Whether anything is drawn. */
  readonly isLive: boolean
  show(text: string): void
  clear(): void
}

/** Between two drawings. */
const DRAW_MS = 100

/** @param isLive only at a terminal when nothing is said */
export function liveLine(
  out: NodeJS.WritableStream & { isTTY?: boolean; columns?: number },
  isLive = out.isTTY ?? false,
): LiveLine {
  let drawnAt = -Infinity
  let latest = ''
  let timer: NodeJS.Timeout | undefined
  const draw = () => {
    timer = undefined
    drawnAt = performance.now()
    out.write(`\r\x1b[K${latest.slice(0, Math.max(20, (out.columns || 80) - 1))}`)
  }
  return {
    isLive,
    show(text) {
      if (!isLive) return
      latest = text
      const waitMs = drawnAt + DRAW_MS - performance.now()
      if (waitMs <= 0 && timer === undefined) draw()
      else timer ??= setTimeout(draw, waitMs).unref()
    },
    clear() {
      clearTimeout(timer)
      timer = undefined
      if (isLive && drawnAt !== -Infinity) out.write('\r\x1b[K')
      drawnAt = -Infinity
    },
  }
}
