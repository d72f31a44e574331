import { createHash } from 'node:crypto'
import type { Similarity } from '../../shared/judging/similarity.ts'

/** What a page of similar submissions is made of. */
export interface SimilarityReport {
  problem: string
  /** In percent. */
  least: number
  similarity: Similarity
}

const STYLE = `:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.4 }
body { max-width: 80rem; margin: 0 auto; padding: 1rem }
h1, h2, h3, td { overflow-wrap: anywhere }
h1 { font-size: 1.5rem }
h2 { font-size: 1.125rem }
table { border-collapse: collapse }
td, th { padding: .25rem .75rem; text-align: start; border-bottom: 1px solid #8884 }
td.number { text-align: end; font-variant-numeric: tabular-nums }
section { margin-top: 2.5rem }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; margin-top: .75rem }
.sides > * { min-width: 0 }
pre { margin: 0; padding: .5rem; overflow-x: auto; background: #8881; font-size: .8125rem }
h3 { margin: 0 0 .25rem; font-size: .875rem; font-weight: 600 }
@media (max-width: 50rem) { .sides { grid-template-columns: 1fr } td, th { padding: .25rem; font-size: .8125rem } }`

/** It loads nothing, runs nothing, and has this one style. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`

/** After which a page that shows progress loads itself again. */
const AGAIN_SECONDS = 2

/**
 * The headers of the page. It quotes programs of strangers.
 * @param isOver whether the comparison is; a page in a sandbox cannot load itself again, and one that shows progress quotes nothing
 */
export const similarityPageHeaders = (isOver: boolean): Record<string, string> => ({
  'Content-Security-Policy': `${POLICY}; frame-ancestors 'none'${isOver ? '; sandbox' : ''}`,
  'X-Frame-Options': 'DENY',
})

/** A page that stands by itself: how far a comparison is, or a table of the pairs, and below it the lines of each that are alike, side by side. */
export function similarityPage({ problem, least, similarity }: SimilarityReport): string {
  const title = `Similar submissions: ${problem}`
  const { state, progress } = similarity
  if (state === 'finished') return page(title, '', resultOf(similarity, least))
  if (state === 'failed')
    return page(
      title,
      '',
      '<p>The submissions could not be compared. This is a fault of the service: start the comparison again. If it fails again, the logs of the workers say why.</p>',
    )
  const again = `<meta http-equiv="refresh" content="${AGAIN_SECONDS}">\n`
  const step = progress?.step === 'comparing' ? 'compared' : 'read'
  const said = progress
    ? `${progress.done} of ${progress.total} submissions ${step}`
    : 'The comparison has not started yet'
  return page(title, again, `<p role="status">${said}. This page loads again every ${AGAIN_SECONDS} seconds.</p>`)
}

const page = (title: string, head: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
${head}<title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><h1>${escaped(title)}</h1>
${body}
</body></html>
`

function resultOf({ compared, pairs, finishedAt }: Similarity, least: number): string {
  const named = (id: string, endUser: string | undefined) => (endUser === undefined ? id : `${endUser} (${id})`)
  const rows = pairs.map(({ language, first, second, similarity: alike, endUsers = {} }, index) => {
    // The heading below has the ids of both jobs.
    const names = [endUsers.first ?? first, endUsers.second ?? second].map((name) => `<td>${escaped(name)}</td>`)
    return `<tr><td class="number"><a href="#pair-${index + 1}">${percent(alike)}</a></td><td>${escaped(language)}</td>${names.join('')}</tr>`
  })
  const sections = pairs.map(({ first, second, similarity: alike, parts, endUsers = {} }, index) => {
    const side = (name: string, { path, from, to, code = '' }: (typeof parts)[number]['first']) =>
      `<div><h3>${escaped(`${name}, ${path}, lines ${from} to ${to}`)}</h3><pre>${escaped(code)}</pre></div>`
    const alikeParts = parts.map(
      (part) =>
        `<div class="sides">${side(endUsers.first ?? first, part.first)}${side(endUsers.second ?? second, part.second)}</div>`,
    )
    const title = `${named(first, endUsers.first)} and ${named(second, endUsers.second)}`
    return `<section id="pair-${index + 1}"><h2>${percent(alike)}: ${escaped(title)}</h2>${alikeParts.join('\n')}</section>`
  })
  const table = `<table><thead><tr><th>Similarity</th><th>Language</th><th>First</th><th>Second</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`
  return `<p>${compared} ${compared === 1 ? 'submission' : 'submissions'} compared, ${escaped(timeOf(finishedAt ?? ''))}. ${pairs.length === 1 ? '1 pair is' : `${pairs.length} pairs are`} at least ${least} % alike. Similar programs are a reason to read them, no proof.</p>
${pairs.length === 0 ? '' : table}
${sections.join('\n')}`
}

/** Of a time as RFC 3339 has it in UTC, to the second. */
const timeOf = (time: string) => time.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC')
const percent = (part: number) => `${Math.round(part * 100)} %`

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
/** Controls but the tab and the line end, what turns the text around, and what has no width. */
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const ODD = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g
const codeOf = (odd: string) => `<U+${odd.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}>`
/** As text of the page, in which every character can be seen. */
const escaped = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .replaceAll(ODD, codeOf)
    .replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter] ?? '')
