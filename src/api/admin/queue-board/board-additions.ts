/** What bull-board's page lacks, beside it: a way back, what its numbers count, and names of its buttons. */

/** Above bull-board's own page. */
export const BOARD_BAR = `<nav class="runyard-bar" aria-label="Runyard">
      <a href="/admin">← Dashboard</a>
      <p>Only what waits or runs now. What has ended: <a href="/admin/jobs">Jobs</a>, <a href="/admin/webhooks">Webhooks</a>.</p>
    </nav>`

/**
 * The queues keep no job that has ended, and have no children and no pause, so those tabs could only say that there is nothing, while the dashboard
 * shows what there was. The rest is contrast.
 */
export const BOARD_STYLE = `
.runyard-bar { position: fixed; z-index: 200; inset: 0 0 auto; display: flex; align-items: center; gap: 0.25rem 1.25rem; min-height: 2.75rem; box-sizing: border-box; padding: 0.25rem 1.25rem; background: #ffffff; color: #43504d; border-bottom: 1px solid #dce2e0; font: 0.8125rem/1.4 system-ui, sans-serif }
.runyard-bar p { margin: 0 }
.runyard-bar a { color: #0a6b65 }
.runyard-bar > a { display: inline-flex; align-items: center; min-height: 2.25rem; font-weight: 600; text-decoration: none; white-space: nowrap }
.dark-mode .runyard-bar { background: #141a19; color: #b4c0bd; border-color: #28322f }
.dark-mode .runyard-bar a { color: #45bdb0 }
body { padding-top: 2.75rem }
:is(aside, #root header) { top: 2.75rem !important }
a:is([href*='status=completed'], [href*='status=failed'], [href*='status=waiting-children'], [href*='status=paused']) { display: none !important }
kbd, [class*='nullValue'], [class*='description-'], [class*='timeline'] :is(p, time, small, li) { color: #4d5863 !important }
html:not(.dark-mode) [class*='active-'] > [class*='queueName'] { color: #0a4f49 !important }
.dark-mode :is(kbd, [class*='nullValue'], [class*='description-']) { color: #a9b4bf !important }
`

/** Names by what an icon shows; for any other the icon's own name is better than none. */
const NAMES = {
  maximize: 'Full screen',
  minimize: 'Leave full screen',
  settings: 'Settings',
  'circle-user': 'Links',
  'ellipsis-vertical': 'More',
  copy: 'Copy',
}

export const BOARD_SCRIPT = `{
  const names = ${JSON.stringify(NAMES)}
  const nameOf = (button) => {
    const icon = [...(button.querySelector('svg')?.classList ?? [])].find((one) => one.startsWith('lucide-'))
    if (icon) return names[icon.slice(7)] ?? icon.slice(7).replaceAll('-', ' ')
    return button.querySelector('svg style') ? 'Redis details' : 'Action'
  }
  let frame = 0
  const label = () => {
    frame = 0
    for (const button of document.querySelectorAll('#root button:not([aria-label]), body > div button:not([aria-label])')) {
      const text = [...button.childNodes].map((node) => (node instanceof SVGElement ? '' : node.textContent)).join('')
      if (text.trim() !== '') continue
      button.setAttribute('aria-label', nameOf(button))
      button.title ||= nameOf(button)
    }
    for (const icon of document.querySelectorAll('svg[role=img]:not([aria-hidden])')) icon.setAttribute('aria-hidden', 'true')
  }
  new MutationObserver(() => (frame ||= requestAnimationFrame(label))).observe(document.body, { childList: true, subtree: true })
  label()
}
`
