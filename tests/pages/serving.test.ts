import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { startBrowser, type TestBrowser } from './support/browser.ts'

let gateway: LoneGateway
let browser: TestBrowser
beforeAll(async () => {
  gateway = await startLoneGateway({ AUTH: 'required', READ_RATE_BURST: '1', READ_RATE_PER_MINUTE: '1' })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway.close()
})

const PAGE = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

/** Without the decoding that fetch does. */
function raw(path: string, encodings: string): Promise<{ encoding: string | undefined; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${gateway.url}${path}`, { headers: { 'accept-encoding': encodings } }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => resolve({ encoding: answer.headers['content-encoding'], body: Buffer.concat(chunks) }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function assetsOf(path: string): Promise<string[]> {
  const html = await (await fetch(`${gateway.url}${path}`, { headers: PAGE })).text()
  return [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, url = '']) => url)
}

test('a browser gets the page without a key, everybody else the addresses by theirs', async () => {
  const page = await fetch(gateway.url, { headers: PAGE })
  expect(page.status).toBe(200)
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('vary')).toContain('Accept')
  const program = await fetch(gateway.url)
  expect(program.status).toBe(401)
  const { headers } = await gateway.makeKey('acme')
  expect(await (await fetch(gateway.url, { headers })).json()).toMatchObject({ submit: '/v1/jobs' })
})

test('a page forbids what is not its own, and its nonce is new each time', async () => {
  const policies = await Promise.all(
    ['/', '/', '/admin', '/admin/jobs/1', '/notebook'].map(async (path) => {
      const answer = await fetch(`${gateway.url}${path}`, { headers: PAGE })
      const policy = answer.headers.get('content-security-policy') ?? ''
      const nonce = /'nonce-([^']+)'/.exec(policy)?.[1]
      expect(await answer.text()).toContain(`nonce="${nonce}"`)
      expect(policy).not.toContain('unsafe')
      for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'self'"]) {
        expect(policy.split('; ')).toContain(part)
      }
      expect(answer.headers.get('cache-control')).toBe('no-cache')
      return nonce
    }),
  )
  expect(new Set(policies).size).toBe(5)
})

test('the frame of a result has an origin that is nobody’s, one script, and reaches nothing', async () => {
  const answer = await fetch(`${gateway.url}/notebook/frame`, { headers: PAGE })
  const rules = (answer.headers.get('content-security-policy') ?? '').split('; ')
  const [nonce] = /'nonce-[^']+'/.exec(rules.join()) ?? []
  expect(rules).toEqual([
    "default-src 'none'",
    `script-src ${nonce}`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    'sandbox allow-scripts',
  ])
  expect((await answer.text()).match(/<script[^>]*>/g)).toEqual([`<script nonce="${nonce?.slice(7, -1)}">`])
})

test('assets are kept for ever, and come in the best form the client takes', async () => {
  const assets = await assetsOf('/')
  expect(assets.length).toBeGreaterThan(3)
  for (const path of assets) {
    const answer = await fetch(`${gateway.url}${path}`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    const plain = await raw(path, 'identity')
    expect(plain.encoding).toBeUndefined()
    const brotli = await raw(path, 'gzip, deflate, br')
    expect(brotli.encoding).toBe('br')
    expect(brotliDecompressSync(brotli.body)).toEqual(plain.body)
    const gzip = await raw(path, 'gzip')
    expect(gzip.encoding).toBe('gzip')
    expect(gunzipSync(gzip.body)).toEqual(plain.body)
  }
})

test.each(['/assets/nosuch.js', '/assets/..%2f..%2fpackage.json', '/assets/%2e%2e%2fplayground.html'])(
  '%s is not there',
  async (path) => {
    const answer = await fetch(`${gateway.url}${path}`)
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ code: 'not-found' })
  },
)

test('assets are read and nothing else', async () => {
  const [asset = ''] = await assetsOf('/')
  const answer = await fetch(`${gateway.url}${asset}`, { method: 'POST' })
  expect(answer.status).toBe(405)
  expect(answer.headers.get('allow')).toBe('GET')
})

test.each(['light', 'dark'] as const)(
  'a page follows a system that is %s, and the choice made on it',
  async (system) => {
    const other = system === 'light' ? 'dark' : 'light'
    const allow = [/status of 4(?:01|29)/]
    const opened = await browser.open(`${gateway.url}/admin`, { colorScheme: system, allow })
    const { page } = opened
    const shows = (theme: string) => page.locator(`html[data-theme=${theme}]`).waitFor()
    await shows(system)
    await page.emulateMedia({ colorScheme: other })
    await shows(other)
    await page.getByRole('button', { name: `Use the ${system} theme` }).click()
    await shows(system)
    await page.reload()
    await shows(system)
    await opened.close()
  },
)
