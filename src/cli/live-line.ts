/** A line at the bottom of a terminal that is drawn over. */
export interface LiveLine {
  show(text: string): void
  clear(): void
}

/** Between two drawings. */
const DRAW_MS = 100

/** @param isLive whether anything is drawn; only at a terminal when nothing is said */
export function liveLine(
  out: NodeJS.WritableStream & { isTTY?: boolean; columns?: number },
  isLive = out.isTTY ?? false,
): LiveLine {
  let drawnAt = -Infinity
  return {
    show(text) {
      const now = performance.now()
      if (!isLive || now - drawnAt < DRAW_MS) return
      drawnAt = now
      out.write(`\r\x1b[K${text.slice(0, Math.max(20, (out.columns || 80) - 1))}`)
    },
    clear() {
      if (isLive && drawnAt !== -Infinity) out.write('\r\x1b[K')
      drawnAt = -Infinity
    },
  }
}
