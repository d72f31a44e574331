import { type ComponentChildren, h } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { MarkedToken, Token, Tokens } from 'marked'
import { isFields, textOf } from '../model/ipynb.ts'
import { Picture } from './picture.tsx'
import { Formula } from './formula.tsx'

type Lex = (source: string) => Token[]
let lex: Lex | undefined
const loading = (): Promise<Lex> => import('./lex.ts').then((module) => (lex = module.lexMarkdown))

export interface MarkdownProps {
  source: string
  /** Images that the cell has with it, by name. */
  attachments?: unknown
}

/** Markdown as elements of this page. HTML in it is shown as text: no markup of a notebook becomes an element here. */
export function Markdown({ source, attachments }: MarkdownProps) {
  const [ready, setReady] = useState(() => lex)
  useEffect(() => {
    if (!ready) void loading().then((loaded) => setReady(() => loaded))
  }, [])
  if (!ready) return <pre class="markdown">{source}</pre>
  return <div class="markdown">{blocks(ready(source), attachments)}</div>
}

/** What a link may lead to. */
const isLinked = (href: string): boolean => /^(?:https?:|mailto:|#)/i.test(href)

const blocks = (tokens: readonly Token[], attachments: unknown): ComponentChildren[] =>
  tokens.map((token, index) => <Block key={index} token={token as MarkedToken} attachments={attachments} />)

function Block({ token, attachments }: { token: MarkedToken | FormulaToken; attachments: unknown }) {
  const inside = (tokens: readonly Token[] | undefined) => blocks(tokens ?? [], attachments)
  switch (token.type) {
    case 'formula':
      return <Formula tex={token.text} isDisplay={token.isDisplay} />
    case 'heading':
      // The page has the headings above these.
      return h(`h${Math.min(6, token.depth + 1)}` as 'h2', null, inside(token.tokens))
    case 'paragraph':
      return <p>{inside(token.tokens)}</p>
    case 'blockquote':
      return <blockquote>{inside(token.tokens)}</blockquote>
    case 'code':
      return (
        <pre>
          <code>{token.text}</code>
        </pre>
      )
    case 'codespan':
      return <code>{token.text}</code>
    case 'strong':
      return <strong>{inside(token.tokens)}</strong>
    case 'em':
      return <em>{inside(token.tokens)}</em>
    case 'del':
      return <del>{inside(token.tokens)}</del>
    case 'br':
      return <br />
    case 'hr':
      return <hr />
    case 'list':
      return h(
        token.ordered ? 'ol' : 'ul',
        token.ordered && token.start !== '' ? { start: token.start } : null,
        token.items.map((item, index) => (
          <li key={index}>
            {item.task && <span aria-label={item.checked ? 'done' : 'to do'}>{item.checked ? '☑ ' : '☐ '}</span>}
            {inside(item.tokens.filter(({ type }) => type !== 'checkbox'))}
          </li>
        )),
      )
    case 'table':
      return <MarkdownTable token={token} inside={inside} />
    case 'link':
      return isLinked(token.href) ? (
        <a href={token.href} target="_blank" rel="noopener noreferrer nofollow">
          {inside(token.tokens)}
        </a>
      ) : (
        <span>{inside(token.tokens)}</span>
      )
    case 'image':
      return <Image token={token} attachments={attachments} />
    case 'space':
    case 'def':
    case 'checkbox':
      return null
    case 'html':
      return <span class="faint">{token.text}</span>
    case 'text':
      return <>{token.tokens ? inside(token.tokens) : entities(token.text)}</>
    case 'escape':
      return <>{token.text}</>
    default:
      return <>{(token as Token).raw}</>
  }
}

/** A token that `lex.ts` makes of a formula. */
interface FormulaToken {
  type: 'formula'
  raw: string
  text: string
  isDisplay: boolean
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' }
const entities = (text: string): string =>
  text.replaceAll(/&(amp|lt|gt|quot|apos|nbsp|#39);/g, (_, name: string) => ENTITIES[name] ?? "'")

function MarkdownTable({
  token,
  inside,
}: {
  token: Tokens.Table
  inside: (tokens: readonly Token[]) => ComponentChildren
}) {
  return (
    <div class="wide" tabIndex={0} role="region" aria-label="Table">
      <table class="table">
        <thead>
          <tr>
            {token.header.map((cell, index) => (
              <th key={index}>{inside(cell.tokens)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {token.rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, place) => (
                <td key={place}>{inside(cell.tokens)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Images that are in the notebook; this page asks no other server for any. */
function Image({ token, attachments }: { token: Tokens.Image; attachments: unknown }) {
  const name = /^attachment:(.*)$/.exec(token.href)?.[1]
  const bundle = name !== undefined && isFields(attachments) ? attachments[decoded(name)] : undefined
  if (isFields(bundle)) {
    const [type = '', content] = Object.entries(bundle)[0] ?? []
    if (IMAGE_TYPES.test(type)) return <Picture type={type} content={textOf(content)} alternative={token.text} />
  }
  const [, type = '', content = ''] = /^data:([\w/+.-]+);base64,(.*)$/s.exec(token.href) ?? []
  if (IMAGE_TYPES.test(type) && type !== 'image/svg+xml')
    return <Picture type={type} content={content} alternative={token.text} />
  return (
    <span class="faint">
      {token.text || 'Image'} (
      {isLinked(token.href) ? (
        <a href={token.href} target="_blank" rel="noopener noreferrer nofollow">
          {token.href}
        </a>
      ) : (
        'not in the notebook'
      )}
      )
    </span>
  )
}

const IMAGE_TYPES = /^image\/(?:png|jpeg|gif|webp|svg\+xml)$/

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
