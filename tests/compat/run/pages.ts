import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { createApiKeys } from '../../../src/shared/access/api-keys.ts'
import { startBrowser, type TestBrowser } from '../../pages/support/browser.ts'
import { worked } from './calls.ts'
import type { Trial } from './trial.ts'

export const NODE_PACKAGES = ['thebe@0.9.3', '@antonz/codapi@0.19.10']

const [THEBE = '', CODAPI = ''] = NODE_PACKAGES
const ofThebe = worked(THEBE, 'bootstrap, of another origin by a browser token', 'run: text, HTML, errors')
const ofCodapi = worked(CODAPI, 'run', 'edit and run', 'errors', 'files', 'depends-on', 'an unknown sandbox')
const byToken = worked(CODAPI, 'all of it by a browser token in the address')

/** Widgets of other projects that run the code of a page, in Chromium: thebe by a browser token, codapi with and without one. */
export async function pages({ unpack, withInstallation, holdHere, folder }: Trial): Promise<void> {
  await unpack(NODE_PACKAGES)
  const withThebe = await startSite(folder)
  const withCodapi = await startSite(folder)
  const browser = await startBrowser()
  try {
    const env = { AUTH: 'optional', ALLOWED_ORIGINS: withCodapi.origin }
    await withInstallation(env, async ({ connection, keys }, url) => {
      const { secretKey } = await createApiKeys(connection, keys).create({
        name: 'docs',
        tenant: 'docs',
        scopes: ['jobs', 'sessions'],
      })
      withThebe.page = thebePage(url)
      const tokenFor = async (origin: string, scopes: string[]) => {
        const made = await fetch(`${url}/v1/browser-tokens`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${secretKey}` },
          body: JSON.stringify({ origin, scopes }),
        })
        return made.text()
      }
      withThebe.token = () => tokenFor(withThebe.origin, ['sessions'])
      await holdHere('thebe in Chromium', () => useThebe(browser, withThebe.origin, url), ofThebe)
      withCodapi.page = codapiPage(`${url}/codapi/v1`)
      await holdHere("codapi's widget in Chromium", () => useCodapi(browser, withCodapi.origin, url), ofCodapi)
      // From an origin that is in no list, by a token alone.
      const { token } = JSON.parse(await tokenFor(withThebe.origin, ['jobs'])) as { token: string }
      withThebe.page = codapiPage(`${url}/codapi/token/${token}/v1`)
      await holdHere("codapi's widget by a token", () => useCodapi(browser, withThebe.origin, url), byToken)
    })
  } finally {
    await browser.close()
    withThebe.close()
    withCodapi.close()
  }
}

/** As docs/compatibility/jupyter.md shows it. */
const thebePage = (
  url: string,
) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page with thebe</title>
<link rel="stylesheet" href="/thebe/lib/thebe.css"><script src="/thebe/lib/index.js"></script></head><body>
<pre data-executable="true" data-language="python">x = 6
print("so")
x * 7</pre>
<pre data-executable="true" data-language="python">from IPython.display import HTML
HTML(f"<b>made of {x}</b>")</pre>
<pre data-executable="true" data-language="python">1 / 0</pre>
<script type="module">
const { token } = await (await fetch('/token')).json()
const { session } = await thebe.bootstrap({
  useBinder: false,
  requestKernel: true,
  mathjaxUrl: '',
  kernelOptions: { kernelName: 'python3', path: 'page.ipynb' },
  serverSettings: { baseUrl: '${url}/jupyter/', wsUrl: '${url.replace('http', 'ws')}/jupyter/', token, appendToken: true },
})
document.title = session ? 'ready' : 'no session'
</script></body></html>`

async function useThebe(browser: TestBrowser, origin: string, url: string): Promise<void> {
  const gateway = new RegExp(`^another origin: (?:${url}|${url.replace('http', 'ws')})/jupyter/`)
  const opened = await browser.open(origin, { allow: [gateway] })
  const { page } = opened
  await page.waitForFunction('document.title === "ready"')
  const cell = (index: number) => page.locator('.thebe-cell').nth(index)
  const run = async (index: number, shown: string) => {
    await cell(index).locator('.thebe-run-button').click()
    await cell(index).locator('.jp-OutputArea').getByText(shown).first().waitFor()
  }
  await run(0, '42')
  await cell(0).locator('.jp-OutputArea').getByText('so', { exact: true }).waitFor()
  await run(1, 'made of 6')
  await run(2, 'ZeroDivisionError')
  await opened.close()
}

const codapiPage = (
  address: string,
) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page with codapi</title>
<link rel="stylesheet" href="/@antonz/codapi/dist/snippet.css">
<script>window.codapi = { settings: { url: '${address}' } }</script>
<script type="module" src="/@antonz/codapi/dist/snippet.mjs"></script></head><body>
<pre><code>print("hello")</code></pre><codapi-snippet id="first" sandbox="python" editor="basic"></codapi-snippet>
<pre><code>1 / 0</code></pre><codapi-snippet id="second" sandbox="python"></codapi-snippet>
<pre><code>print(open("data.txt").read())</code></pre><codapi-snippet id="third" sandbox="python" files="#data.txt:data.txt"></codapi-snippet>
<pre id="data.txt">from a file</pre>
<pre><code>one = 1</code></pre><codapi-snippet id="one" sandbox="python"></codapi-snippet>
<pre><code>print(one + 1)</code></pre><codapi-snippet id="fourth" sandbox="python" depends-on="one"></codapi-snippet>
<pre><code>x</code></pre><codapi-snippet id="fifth" sandbox="nonesuch"></codapi-snippet>
</body></html>`

async function useCodapi(browser: TestBrowser, origin: string, url: string): Promise<void> {
  const refused = /^console: Failed to load resource: the server responded with a status of 404/
  const opened = await browser.open(origin, { allow: [new RegExp(`^another origin: ${url}/codapi/`), refused] })
  const { page } = opened
  const run = async (id: string, shown: string, status: string) => {
    const snippet = page.locator(`#${id}`)
    await snippet.getByRole('button', { name: 'Run' }).click()
    await snippet.getByText(status).waitFor()
    const output = await snippet.locator('codapi-output code').innerText()
    assert.ok(output.includes(shown), output)
  }
  await run('first', 'hello', 'Done')
  await page.locator('pre').first().locator('code').fill('print(6 * 7)')
  await run('first', '42', 'Done')
  await run('second', 'ZeroDivisionError', 'Failed')
  await run('third', 'from a file', 'Done')
  await run('fourth', '2', 'Done')
  await run('fifth', '404', 'Failed')
  await opened.close()
}

interface Site {
  origin: string
  page: string
  /** The answer of `/token`. */
  token: () => Promise<string>
  close: () => void
}

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css' }

/** A site of another origin with one page and the packages of a folder. */
async function startSite(folder: string): Promise<Site> {
  const server = createServer((req, res) => {
    const answer = async (): Promise<[type: string, content: string | Buffer]> => {
      const path = normalize(req.url ?? '/')
      if (path === '/') return ['text/html', site.page]
      if (path === '/token') return ['application/json', await site.token()]
      if (path === '/favicon.ico') return ['image/x-icon', '']
      return [TYPES[extname(path)] ?? 'application/octet-stream', readFileSync(join(folder, 'node_modules', path))]
    }
    answer().then(
      ([type, content]) => res.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(content),
      () => res.writeHead(404).end(),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const site: Site = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    page: '',
    token: async () => '{}',
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return site
}
