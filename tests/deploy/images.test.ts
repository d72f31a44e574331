import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

const root = packageRoot()
const folder = 'deploy/kubernetes'
const files = [
  'compose.yaml',
  'Containerfile',
  ...readdirSync(join(root, folder))
    .filter((name) => /\.yaml$|Containerfile$/.test(name))
    .map((name) => `${folder}/${name}`),
]

/** Made here, and pushed by whoever uses it: its digest is known when that is done. */
const isOurs = (image: string) => /^(?:localhost\/)?runyard-/.test(image)

/** The images that a file names, with the defaults of what is left open; stages of a build are none. */
function imagesOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const stages = new Set([...text.matchAll(/^FROM .* AS (\w+)$/gm)].map(([, stage]) => stage))
  const named = [...text.matchAll(/^\s*(?:- )?(?:image: |\w+_IMAGE: |ARG \w+_IMAGE=|ARG SERVICE=|FROM )(\S+)/gm)]
  return named
    .map(([, image = '']) => image.replace(/^\$\{\w+:-(.*)\}$/, '$1'))
    .filter((image) => !image.startsWith('$') && !stages.has(image))
}

test('every image that is pulled is named by digest, with its version for people', () => {
  const images = files.flatMap((file) => imagesOf(file).map((image) => ({ file, image })))
  const pulled = images.filter(({ image }) => !isOurs(image))
  expect(new Set(pulled.map(({ file }) => file))).toEqual(
    new Set(['compose.yaml', 'Containerfile', `${folder}/redis.yaml`]),
  )
  expect(pulled.filter(({ image }) => !/^[a-z]+:\d+\.\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}$/.test(image))).toEqual([])
})

test('an image has the same digest wherever it is named', () => {
  const byName = new Map<string, Set<string>>()
  for (const image of files.flatMap(imagesOf).filter((image) => !isOurs(image))) {
    const name = image.split(':', 1)[0] ?? ''
    byName.set(name, (byName.get(name) ?? new Set()).add(image))
  }
  expect([...byName].filter(([, images]) => images.size > 1)).toEqual([])
})
