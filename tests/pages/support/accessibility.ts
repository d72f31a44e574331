import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** The serious and critical faults axe finds in a page, each with the elements that have it. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  // A colour on its way between two is neither. What never ends, such as a spinner, is not waited for.
  await page.evaluate(async () => {
    const ending = document
      .getAnimations()
      .filter((one) => Number.isFinite(Number(one.effect?.getComputedTiming().endTime)))
    await Promise.allSettled(ending.map((one) => one.finished))
  })
  const { violations } = await page.evaluate(() => {
    const { axe: injected } = globalThis as unknown as { axe: typeof axe }
    return injected.run(document, { resultTypes: ['violations'] })
  })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => {
      const places = nodes.map(({ target, failureSummary }) => `  ${target.join(' ')}: ${failureSummary}`)
      return [`${id}: ${help}`, ...places].join('\n')
    })
}
