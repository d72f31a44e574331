import { describe, expect, test } from '@jest/globals'
import { toUnixText } from '../../../../src/api/jobs/request/unix-text.ts'

const bash = { name: 'Bash', fileName: 'main.sh', unixText: true }
/** Of a request whose second file is a stored one. */
const POINTERS = ['/files/0/content', '/files/2/content', '/files/3/content']
const file = (path: string, content: string) => ({ path, content, encoding: 'utf-8' as const })

describe('a program for an interpreter that reads no Windows text', () => {
  test('loses its Windows line ends, and its owner is warned', () => {
    const code = 'echo é\nif true; then\r\n  echo two\r\nfi\r\n'
    const { files, warnings } = toUnixText(['/code'], [file('main.sh', code)], bash, 'main.sh')
    expect(files).toEqual([file('main.sh', 'echo é\nif true; then\n  echo two\nfi\n')])
    expect(warnings).toEqual([
      {
        rule: 'windows-line-ends',
        severity: 'warn',
        reason: 'The file has Windows line ends (CR LF), which Bash cannot read. They were changed to LF.',
        pointer: '/code',
        line: 2,
        column: 14,
        excerpt: 'if true; then',
      },
    ])
  })

  test('loses its byte-order mark too', () => {
    const { files, warnings } = toUnixText(['/code'], [file('main.sh', '\ufeffecho 1\r\n')], bash, 'main.sh')
    expect(files).toEqual([file('main.sh', 'echo 1\n')])
    expect(warnings).toMatchObject([{ rule: 'byte-order-mark', line: 1, column: 1, excerpt: 'echo 1' }])
  })

  test('is changed in all files of the language and the one that is run, in no others', () => {
    const windows = (path: string) => file(path, 'a\r\n')
    const bytes = {
      path: 'lib/more.sh',
      content: Buffer.from('\xffb\r\n', 'latin1').toString('base64'),
      encoding: 'base64' as const,
    }
    const { files, warnings } = toUnixText(POINTERS, [windows('start'), windows('data.csv'), bytes], bash, 'start')
    expect(files).toEqual([
      file('start', 'a\n'),
      windows('data.csv'),
      { ...bytes, content: Buffer.from('\xffb\n', 'latin1').toString('base64') },
    ])
    expect(warnings.map(({ pointer }) => pointer)).toEqual(['/files/0/content', '/files/3/content'])
  })

  test('is a script beside a program of any language, which the system starts by its first line', () => {
    const python = { name: 'Python', fileName: 'main.py' }
    const script = (path: string) => file(path, '#!/usr/bin/env python3\r\nprint(1)\r\n')
    const marked = file('tool', '\ufeff#!/bin/sh\necho 1\n')
    const sent = [script('main.py'), script('helper.py'), file('lib.py', 'x = 1\r\n'), marked]
    const pointers = sent.map((_, index) => `/files/${index}/content`)
    const { files, warnings } = toUnixText(pointers, sent, python, 'main.py')
    expect(files).toEqual([
      script('main.py'),
      file('helper.py', '#!/usr/bin/env python3\nprint(1)\n'),
      file('lib.py', 'x = 1\r\n'),
      file('tool', '#!/bin/sh\necho 1\n'),
    ])
    expect(warnings).toMatchObject([
      {
        rule: 'windows-line-ends',
        pointer: '/files/1/content',
        reason: expect.stringContaining('an interpreter named by #! cannot read'),
      },
      { rule: 'byte-order-mark', pointer: '/files/3/content', line: 1 },
    ])
  })

  test('is no archive behind a first line, and no script whose first line can be read', () => {
    const python = { name: 'Python', fileName: 'main.py' }
    const archive = Buffer.from('#!/usr/bin/env python3\r\nPK\x03\x04\0\r\n', 'latin1').toString('base64')
    const sent = [
      file('main.py', 'print(1)\n'),
      { ...file('app.pyz', archive), encoding: 'base64' as const },
      file('tool', '#!/bin/sh\nprintf "a\r\n"\n'),
    ]
    const pointers = sent.map((_, index) => `/files/${index}/content`)
    expect(toUnixText(pointers, sent, python, 'main.py')).toEqual({ files: sent, warnings: [] })
  })

  test('is a script in base64 too', () => {
    const python = { name: 'Python', fileName: 'main.py' }
    const encoded = (text: string) => ({
      ...file('tool', Buffer.from(text).toString('base64')),
      encoding: 'base64' as const,
    })
    const sent = [file('main.py', ''), encoded('#!/bin/sh\r\n'), encoded('\ufeff#!/bin/sh\n')]
    const { files } = toUnixText(['/0', '/1', '/2'], sent, python, 'main.py')
    expect(files).toEqual([sent[0], encoded('#!/bin/sh\n'), encoded('#!/bin/sh\n')])
  })

  test('stays as it is when there is nothing to change', () => {
    const files = [file('main.sh', 'printf "a\\r\\n"\rb\n')]
    expect(toUnixText(['/code'], files, bash, 'main.sh')).toEqual({ files, warnings: [] })
  })
})
