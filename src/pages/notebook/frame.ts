/**
 * The page in the frame of an HTML result. Its own policy lets it run this script and no other, load nothing and send nothing; its origin is
 * nobody's. It shows what the notebook sends it, and tells how high that is.
 */
interface Shown {
  html: string
  look: Record<string, string>
  scheme: string
}

/** Elements that would do more than show something; the policy stops each of them too. */
const LEFT_OUT = 'script, iframe, frame, object, embed, portal, base, meta, link, form, template'

const isShown = (data: unknown): data is Shown =>
  typeof data === 'object' && data !== null && 'html' in data && typeof data.html === 'string'

const tell = (message: object) => parent.postMessage(message, '*')
const root = document.documentElement
const told = { scripts: 0, isEmpty: false }
const measure = () => tell({ height: root.getBoundingClientRect().height, ...told })

addEventListener('message', ({ source, data }: MessageEvent<unknown>) => {
  if (source !== parent || !isShown(data)) return
  for (const [name, value] of Object.entries(data.look)) root.style.setProperty(name, String(value))
  root.style.colorScheme = data.scheme
  const made = new DOMParser().parseFromString(data.html, 'text/html')
  const scripts = made.querySelectorAll('script').length
  for (const element of made.querySelectorAll(LEFT_OUT)) element.remove()
  const styles = [...made.head.querySelectorAll('style')]
  document.body.replaceChildren(...styles, ...made.body.childNodes)
  told.scripts = scripts
  const isSeen = document.body.querySelector('img, svg, canvas, hr, table, input, math, video') !== null
  told.isEmpty = scripts > 0 && !isSeen && document.body.innerText.trim() === ''
  measure()
})
// A link leads nowhere from here.
addEventListener(
  'click',
  (event) => event.target instanceof Element && event.target.closest('a') && event.preventDefault(),
)
new ResizeObserver(measure).observe(root)
tell({ ready: true })
