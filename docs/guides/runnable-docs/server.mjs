// Serves the page beside it, and gives its readers browser tokens. The key stays here.
//
//   RUNYARD_URL=https://run.example.com RUNYARD_KEY=ry_... ORIGIN=https://docs.example.com node server.mjs
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'

const { RUNYARD_URL = 'http://127.0.0.1:3000', RUNYARD_KEY, PORT = '8000', ORIGIN } = process.env
const page = await readFile(new URL('index.html', import.meta.url), 'utf8')

const server = createServer((req, res) => {
  answer(req.url, res).catch((error) => {
    console.error(error)
    if (!res.headersSent) res.writeHead(502)
    res.end()
  })
})
server.listen(Number(PORT), '127.0.0.1', () => console.log(own()))

const own = () => `http://127.0.0.1:${server.address().port}`

async function answer(url, res) {
  if (url === '/') {
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    return res.end(page.replaceAll('{{runyard}}', RUNYARD_URL))
  }
  if (url === '/runyard-token') {
    const made = await fetch(`${RUNYARD_URL}/v1/browser-tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(RUNYARD_KEY && { authorization: `Bearer ${RUNYARD_KEY}` }) },
      body: JSON.stringify({ origin: ORIGIN ?? own(), lifetimeMs: 3_600_000 }),
    })
    res.writeHead(made.status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    return res.end(await made.text())
  }
  res.writeHead(404)
  res.end()
}
