import { useEffect, useRef, useState } from 'preact/hooks'
import { onTheme } from '../../design/theme.ts'
import { isFields } from '../model/ipynb.ts'
import { StreamText } from './stream-text.tsx'

/** Colours and fonts of this page that a result without own ones gets. */
const LOOK = ['--ink', '--ink-soft', '--surface', '--sunken', '--line', '--accent', '--font-ui', '--text-s'] as const
/** What is higher scrolls within. */
const MOST_HEIGHT_PX = 640

/**
 * HTML of a program, in a frame of its own origin that runs no script of it, loads nothing and can go nowhere: see
 * `notebook-frame.ts`.
 */
export function HtmlFrame({ html, plain }: { html: string; plain: string }) {
  const frame = useRef<HTMLIFrameElement>(null)
  const [height, setHeight] = useState(0)
  /** Elements that were left out, and whether nothing else is to be seen. */
  const [seen, setSeen] = useState({ scripts: 0, isEmpty: false })
  const show = () => {
    const style = getComputedStyle(document.documentElement)
    const look = Object.fromEntries(LOOK.map((name) => [name, style.getPropertyValue(name)]))
    const scheme = document.documentElement.dataset['theme'] ?? 'light'
    // The origin of a sandboxed frame has no name to send to.
    frame.current?.contentWindow?.postMessage({ html, look, scheme }, '*')
  }
  useEffect(() => {
    const told = ({ source, data }: MessageEvent<unknown>) => {
      if (source !== frame.current?.contentWindow || !isFields(data)) return
      if (data['ready'] === true) show()
      const { height: asked, scripts, isEmpty } = data
      if (typeof asked === 'number' && Number.isFinite(asked))
        setHeight(Math.min(MOST_HEIGHT_PX, Math.max(0, Math.ceil(asked))))
      if (typeof scripts === 'number' && typeof isEmpty === 'boolean') setSeen({ scripts, isEmpty })
    }
    addEventListener('message', told)
    show()
    const unfollow = onTheme(show)
    return () => {
      removeEventListener('message', told)
      unfollow()
    }
  }, [html])
  return (
    <div class="html-result">
      <iframe
        ref={frame}
        title="HTML result"
        src="/notebook/frame"
        sandbox="allow-scripts"
        referrerpolicy="no-referrer"
        height={height}
        hidden={seen.isEmpty}
      />
      {seen.isEmpty && plain !== '' && <StreamText label="Result" pieces={[{ stream: 'stdout', text: plain }]} />}
      {seen.scripts > 0 && <p class="faint">Scripts of a result do not run here.</p>}
    </div>
  )
}
