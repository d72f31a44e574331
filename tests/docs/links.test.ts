import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from '@jest/globals'
import { readDoc, root } from './tables.ts'

const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

/** The anchors of a text's headings, as Git hosts make them. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
      .replaceAll(/\s/g, '-'),
  )
}

test.each(documents)('every link within the repository leads somewhere: %s', (file) => {
  const links = [...readDoc(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  const broken = links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? file : relative(root, join(root, dirname(file), path))
      if (target.startsWith('..') || !existsSync(join(root, target))) return true
      if (anchor === undefined || statSync(join(root, target)).isDirectory()) return false
      return !anchors(readDoc(target)).includes(anchor)
    })
  expect(broken).toEqual([])
})

test.each(documents)('every file and command that is named exists: %s', (file) => {
  const text = readDoc(file)
  const { scripts } = JSON.parse(readDoc('package.json')) as { scripts: Record<string, string> }
  const named = [...text.matchAll(/npm run ([a-z0-9:]+)/g)].map(([, name = '']) => name)
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
  const paths = [...text.matchAll(/`((?:src|scripts|sandbox|languages|tests|docs|deploy)\/[\w./-]*)`/g)].map(
    ([, path]) => path,
  )
  // Folders that the set-up makes.
  const made = ['sandbox/build', 'sandbox/host/build']
  const missing = paths.filter((path = '') => !made.includes(path) && !existsSync(join(root, path)))
  expect(missing).toEqual([])
})
