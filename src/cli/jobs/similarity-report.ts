import type { Similarity } from '../../client/client.ts'

/** What a page of similar submissions is made of. */
export interface SimilarityReport {
  problem: string
  /** In percent. */
  least: number
  similarity: Similarity
  createdAt: string
}

const STYLE = `:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.4 }
body { max-width: 80rem; margin: 0 auto; padding: 1rem }
table { border-collapse: collapse }
td, th { padding: .25rem .75rem; text-align: start; border-bottom: 1px solid #8884 }
td.number { text-align: end; font-variant-numeric: tabular-nums }
section { margin-top: 2.5rem }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; margin-top: .75rem }
.sides > * { min-width: 0 }
pre { margin: 0; padding: .5rem; overflow-x: auto; background: #8881; font-size: .8125rem }
h3 { margin: 0 0 .25rem; font-size: .875rem; font-weight: 600 }
@media (max-width: 50rem) { .sides { grid-template-columns: 1fr } }`

/** A page that stands by itself: a table of the pairs, and below it the lines of each that are alike, side by side. It loads nothing and runs nothing. */
export function similarityPage({ problem, least, similarity, createdAt }: SimilarityReport): string {
  const { compared, pairs } = similarity
  const named = (id: string, endUser: string | undefined) => (endUser === undefined ? id : `${endUser} (${id})`)
  const rows = pairs.map(({ language, first, second, similarity: alike, endUsers = {} }, index) => {
    const names = [named(first, endUsers.first), named(second, endUsers.second)].map(
      (name) => `<td>${escaped(name)}</td>`,
    )
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
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(`Similar submissions: ${problem}`)}</title><style>${STYLE}</style></head>
<body><h1>${escaped(`Similar submissions: ${problem}`)}</h1>
<p>${compared} submissions compared, ${escaped(createdAt)}. ${pairs.length} pairs are at least ${least} % alike. Similar programs are a reason to read them, no proof.</p>
${pairs.length === 0 ? '' : table}
${sections.join('\n')}
</body></html>
`
}

const percent = (part: number) => `${Math.round(part * 100)} %`

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter] ?? '')
