import { Markdown } from '../markdown/markdown.tsx'
import { Formula } from '../markdown/formula.tsx'
import type { MimeBundle } from '../model/cells.ts'
import { textOf } from '../model/ipynb.ts'
import { HtmlFrame } from './html-frame.tsx'
import { JsonTree } from './json-tree.tsx'
import { Picture } from '../markdown/picture.tsx'
import { StreamText } from './stream-text.tsx'

/** Forms that can be shown, the richest first. */
const SHOWN = [
  'text/html',
  'text/markdown',
  'image/svg+xml',
  'text/latex',
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'application/json',
] as const
type Shown = (typeof SHOWN)[number] | 'text/plain'

/** The form in which a result is shown. */
export const shownForm = (data: MimeBundle['data']): Shown =>
  SHOWN.find((type) => Object.hasOwn(data, type)) ?? 'text/plain'

/** A result in the richest of its forms. Nothing of it becomes an element or a script of this page. */
export function Rich({ bundle: { data, metadata } }: { bundle: MimeBundle }) {
  const form = shownForm(data)
  const plain = textOf(data['text/plain'])
  const content = data[form]
  switch (form) {
    case 'text/html':
      return <HtmlFrame html={textOf(content)} plain={plain} />
    case 'text/markdown':
      return <Markdown source={textOf(content)} />
    case 'text/latex':
      return <Formula tex={textOf(content)} isDisplay />
    case 'application/json':
      return <JsonTree value={content} />
    case 'text/plain':
      return <PlainResult text={plain} types={Object.keys(data)} />
    default:
      return <Picture type={form} content={textOf(content)} alternative={plain} size={metadata[form]} />
  }
}

function PlainResult({ text, types }: { text: string; types: readonly string[] }) {
  if (text !== '') return <StreamText label="Result" pieces={[{ stream: 'stdout', text }]} />
  return (
    <p class="notice">
      This page does not show results of the type <code>{types.join(', ') || 'none'}</code>.
    </p>
  )
}
