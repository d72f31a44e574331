import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { startBrowser } from './browser.ts'

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.html': 'text/html', '.css': 'text/css' }

/**
 * thebe, as npm has it, in Chromium: a page of another origin makes its code live with a browser token, and runs it.
 * @param url of the gateway
 * @param folder with `node_modules/thebe`
 * @throws Error when it does not work
 */
async function holdThebe(url: string, folder: string): Promise<void> {
  const library = join(folder, 'node_modules/thebe/lib')
  let page = ''
  const server = createServer((req, res) => {
    const path = normalize(new URL(req.url ?? '/', 'http://localhost').pathname)
    if (path === '/') return void res.setHeader('content-type', 'text/html').end(page)
    readFile(join(library, path)).then(
      (bytes) => res.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream').end(bytes),
      () => res.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const made = await fetch(`${url}/v1/browser-tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ origin }),
  })
  const { token } = (await made.json()) as { token: string }
  const serverSettings = { baseUrl: `${url}/jupyter/`, wsUrl: `${url.replace('http', 'ws')}/jupyter/`, token, appendToken: true } // prettier-ignore
  const config = { requestKernel: true, kernelOptions: { kernelName: 'python3', serverSettings }, mountActivateWidget: true } // prettier-ignore
  page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>thebe</title>
<script type="text/x-thebe-config">${JSON.stringify(config)}</script>
<script src="/index.js"></script>
<pre data-executable data-language="python">print("six times seven is", 6 * 7)</pre>
<script>thebe.bootstrap().then(() => { document.title = 'ready' }, (error) => { document.title = String(error) })</script>`
  const browser = await startBrowser()
  try {
    const { page: opened } = await browser.open(origin, { allow: [/./] })
    await opened.waitForFunction(() => document.title !== 'thebe')
    await opened.locator('.thebe-run-button').first().click()
    await opened.locator('.thebe-output, .jp-OutputArea').getByText('six times seven is 42').first().waitFor()
  } finally {
    await browser.close()
    server.closeAllConnections()
    server.close()
  }
}

// Arguments: the gateway's address, and the folder.
await holdThebe(process.argv[2] ?? '', process.argv[3] ?? '')
console.log('thebe 0.9.3 in Chromium: works')
