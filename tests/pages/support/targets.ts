import type { Page } from 'playwright-core'

/** What a finger can hardly hit: controls in sight that are lower or narrower than 44 px, but for links within a sentence. */
export async function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    // A page learns of a new size of its window before it draws the next frame, and may move controls then.
    for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame)
    const controls = document.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, summary')
    return [...controls].flatMap((control) => {
      // A label is part of its box.
      const target = control.closest('label') ?? control
      const { width, height } = target.getBoundingClientRect()
      const isSeen =
        control.checkVisibility({ opacityProperty: false, visibilityProperty: true }) && width > 1 && height > 1
      const isInText = control.tagName === 'A' && control.closest('p, td, dd, li, .notice') !== null
      const isAside = control.classList.contains('skip') || isInText
      if (!isSeen || isAside || (width >= 44 && height >= 44)) return []
      const words = control.getAttribute('aria-label') ?? control.textContent?.trim() ?? ''
      return [
        `${control.tagName} ${words.slice(0, 40)} ${control.className}: ${Math.round(width)} x ${Math.round(height)}`,
      ]
    })
  })
}
