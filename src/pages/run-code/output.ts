import type { Shows } from './runner.ts'

/** Most text that a page keeps of one run, in characters. */
const MOST_TEXT = 200_000
const MOST_FRAME_PX = 600

// Colours and movements of a terminal.
// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g

/** Shows what a run writes. Nothing of it becomes an element of the page: HTML goes into a frame without scripts. */
export function createOutput(target: HTMLElement): Shows {
  const updatable = new Map<string, HTMLElement>()
  let last: { stream: string; element: HTMLElement } | undefined

  const add = (element: HTMLElement) => {
    last = undefined
    target.append(element)
  }
  const block = (name: string, text: string): HTMLElement => {
    const element = document.createElement('pre')
    element.className = name
    element.textContent = text.replaceAll(ESCAPES, '')
    return element
  }

  return {
    text(stream, text) {
      if (last?.stream !== stream) {
        const element = block(stream, '')
        add(element)
        last = { stream, element }
      }
      const { element } = last
      element.textContent = overwritten((element.textContent ?? '') + text.replaceAll(ESCAPES, '')).slice(-MOST_TEXT)
    },
    result(data, id) {
      const element = shown(data)
      const before = id === undefined ? undefined : updatable.get(id)
      if (id !== undefined) updatable.set(id, element)
      if (before) before.replaceWith(element)
      else add(element)
    },
    clear() {
      last = undefined
      target.replaceChildren()
    },
    error: (traceback) => add(block('error', traceback)),
    note: (text) => add(block('note', text)),
    ask(prompt, password) {
      const form = document.createElement('form')
      const label = document.createElement('label')
      const field = document.createElement('input')
      const button = document.createElement('button')
      field.type = password ? 'password' : 'text'
      field.autocomplete = 'off'
      label.append(prompt || 'Input', ' ', field)
      button.textContent = 'Send'
      form.append(label, button)
      add(form)
      field.focus()
      return new Promise((resolve) => {
        form.addEventListener('submit', (event) => {
          event.preventDefault()
          field.disabled = true
          button.remove()
          resolve(field.value)
        })
      })
    },
  }
}

/** A carriage return goes back to the beginning of its line. */
const overwritten = (text: string): string => text.replaceAll('\r\n', '\n').replaceAll(/[^\n]*\r(?!$)/g, '')

/** The form of a value that tells the most. */
function shown(data: Record<string, unknown>): HTMLElement {
  const text = (type: string): string | undefined => {
    const value = data[type]
    return typeof value === 'string' ? value : Array.isArray(value) ? value.join('') : undefined
  }
  for (const type of ['image/png', 'image/jpeg', 'image/gif', 'image/webp']) {
    const base64 = text(type)
    if (base64 !== undefined) return picture(`data:${type};base64,${base64.replaceAll(/\s/g, '')}`, text('text/plain'))
  }
  const svg = text('image/svg+xml')
  if (svg !== undefined)
    return picture(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`, text('text/plain'))
  const plain = text('text/plain') ?? text('text/markdown') ?? JSON.stringify(data['application/json'] ?? data, null, 2)
  const html = text('text/html')
  return (html === undefined ? undefined : frame(html)) ?? plainText(plain)
}

function plainText(text: string): HTMLElement {
  const element = document.createElement('pre')
  element.className = 'result'
  element.textContent = text
  return element
}

function picture(url: string, alt = 'picture'): HTMLElement {
  const element = document.createElement('img')
  element.src = url
  element.alt = alt
  return element
}

/** HTML as a program made it: no scripts, nothing from elsewhere. */
function frame(html: string): HTMLElement | undefined {
  const element = document.createElement('iframe')
  element.title = 'result'
  // Of the page's origin, so that its height can be read; without scripts nobody there could use that.
  element.setAttribute('sandbox', 'allow-same-origin')
  const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">`
  try {
    element.srcdoc = `<!doctype html><meta charset="utf-8">${policy}<style>body{margin:0;font:14px sans-serif}table{border-collapse:collapse}td,th{padding:2px 8px;text-align:right}</style>${html}`
  } catch {
    // The page lets no text become elements.
    return undefined
  }
  element.addEventListener('load', () => {
    const height = element.contentDocument?.documentElement.scrollHeight ?? 150
    element.style.height = `${Math.min(height + 4, MOST_FRAME_PX)}px`
  })
  return element
}
