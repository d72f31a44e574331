import { createApi } from './api.ts'
import { createOutput } from './output.ts'
import { createRunner, type Runner } from './runner.ts'

/**
 * `<run-code language="python">`: the code of a page that readers change and run. One script, no library:
 *
 *   <script src="https://run.example.com/run-code.js" data-token-url="/runyard-token" defer></script>
 *   <run-code language="python"><pre>print(6 * 7)</pre></run-code>
 *
 * Where it runs and by which token the attributes `server`, `token` and `token-url` say, of the element or (as `data-`) of the script. All
 * elements of a language share a session, unless their attribute `session` names another.
 */

const script = document.currentScript as HTMLScriptElement | null
const runners = new Map<string, Runner>()

const STYLE = `
:host { display: block; margin: 1em 0; border: 1px solid #8886; border-radius: 6px; overflow: hidden; color-scheme: light dark;
  font: var(--run-code-font, 14px/1.5 ui-monospace, Menlo, Consolas, monospace); color: CanvasText; background: Canvas; }
textarea { display: block; box-sizing: border-box; width: 100%; border: 0; padding: 10px 12px; resize: vertical; font: inherit; color: inherit;
  background: transparent; tab-size: 4; white-space: pre; overflow: auto; }
.bar { display: flex; gap: 8px; align-items: center; padding: 6px 8px; border-top: 1px solid #8884; font: 13px/1.4 system-ui, sans-serif; }
.bar span { margin-left: auto; opacity: .75; }
button { font: inherit; padding: 3px 12px; border: 1px solid #8888; border-radius: 4px; background: ButtonFace; color: ButtonText; cursor: pointer; }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 2px solid Highlight; outline-offset: -2px; }
.output:empty { display: none; }
.output { border-top: 1px solid #8884; padding: 8px 12px; max-height: 40em; overflow: auto; }
pre { margin: 0; font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; }
.stderr, .error { color: light-dark(#b00020, #ff8a80); }
.note { opacity: .75; font-style: italic; }
img { display: block; max-width: 100%; background: #fff; }
iframe { display: block; width: 100%; border: 0; background: #fff; }
`

class RunCode extends HTMLElement {
  #isMade = false

  connectedCallback(): void {
    // The element's text is there only when the parser is done with it.
    if (document.readyState === 'loading')
      document.addEventListener('DOMContentLoaded', () => this.#make(), { once: true })
    else this.#make()
  }

  #make(): void {
    if (this.#isMade || !this.isConnected) return
    this.#isMade = true
    const code = dedented(this.textContent ?? '')
    const language = this.getAttribute('language') ?? 'python'
    const root = this.attachShadow({ mode: 'open' })
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
    root.adoptedStyleSheets = [sheet]

    const editor = make('textarea')
    editor.value = code
    editor.rows = Math.max(1, code.split('\n').length)
    editor.spellcheck = false
    editor.autocapitalize = 'off'
    editor.readOnly = this.hasAttribute('readonly')
    editor.setAttribute('aria-label', `Code in ${language}`)
    const bar = make('div', 'bar')
    const run = button('Run')
    const stop = button('Stop')
    const reset = button('Reset')
    const state = make('span')
    state.setAttribute('role', 'status')
    const output = make('div', 'output')
    output.setAttribute('role', 'log')
    output.setAttribute('aria-label', 'Output')
    output.tabIndex = 0
    stop.disabled = true
    bar.append(run, stop, ...(editor.readOnly ? [] : [reset]), state)
    root.append(editor, bar, output)

    const start = async () => {
      if (run.disabled) return
      run.disabled = true
      stop.disabled = false
      state.textContent = 'Running'
      output.replaceChildren()
      const shows = createOutput(output)
      let isWell = false
      try {
        isWell = await this.#runner(language).run(editor.value, shows)
      } catch (error) {
        shows.error(error instanceof Error ? error.message : String(error))
      }
      state.textContent = isWell ? 'Done' : 'Failed'
      run.disabled = false
      stop.disabled = true
      this.dispatchEvent(new CustomEvent('run-code-end', { bubbles: true, detail: { succeeded: isWell } }))
    }
    run.addEventListener('click', () => void start())
    stop.addEventListener('click', () => {
      state.textContent = 'Stopping'
      this.#runner(language)
        .stop()
        .catch(() => undefined)
    })
    reset.addEventListener('click', () => {
      editor.value = code
      output.replaceChildren()
      state.textContent = ''
    })
    editor.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey || event.shiftKey)) return
      event.preventDefault()
      void start()
    })
    editor.addEventListener('input', () => {
      editor.rows = Math.max(editor.rows, editor.value.split('\n').length)
    })
  }

  #runner(language: string): Runner {
    const of = (name: string, data: string) => this.getAttribute(name) ?? script?.dataset[data] ?? undefined
    const here = script ? new URL('.', script.src).href : location.origin
    const server = (of('server', 'server') ?? here).replace(/\/$/, '')
    const place = { server, token: of('token', 'token'), tokenUrl: of('token-url', 'tokenUrl') }
    const name = JSON.stringify([place, language, this.getAttribute('session') ?? ''])
    const found = runners.get(name) ?? createRunner(createApi(place), language)
    runners.set(name, found)
    return found
  }
}

function make<Name extends 'textarea' | 'div' | 'span'>(name: Name, className = ''): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  if (className !== '') element.className = className
  return element
}

function button(text: string): HTMLButtonElement {
  const element = document.createElement('button')
  element.type = 'button'
  element.textContent = text
  return element
}

/** Without the empty lines around it and the indent that all lines have. */
function dedented(text: string): string {
  const lines = text
    .replace(/^(?:[ \t]*\n)+/, '')
    .trimEnd()
    .split('\n')
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0)
  const least = indents.length > 0 ? Math.min(...indents) : 0
  return lines.map((line) => line.slice(least)).join('\n')
}

if (!customElements.get('run-code')) customElements.define('run-code', RunCode)
