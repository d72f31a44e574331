import { existsSync } from 'node:fs'
import type { ExecutionError, Result } from '../../client/client.ts'
import type { Streams } from '../jobs/show-events.ts'
import { writeFile } from '../service/connection.ts'
import { type ImageProtocol, imageSequence } from './terminal-images.ts'

/** Image types and the extensions of their files, the one that is shown best first. */
const IMAGES: Record<string, string> = {
  'image/png': 'png',
  'image/svg+xml': 'svg',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
}

/** Shows what code shows. */
export interface ResultShower {
  result(result: Result): void
  error(error: ExecutionError): void
}

export interface ShowOptions {
  streams: Streams
  /** Undefined: images are saved. */
  images: ImageProtocol | undefined
  /** Whether text may hold colours. */
  colours: boolean
  /** @returns whether a file is there */
  exists?: (path: string) => boolean
}

/** An image is shown where the terminal can, and saved in the current folder elsewhere. */
export function createResultShower({ streams, images, colours, exists = existsSync }: ShowOptions): ResultShower {
  const nextName = (extension: string): string => {
    for (let number = 1; ; number++) {
      const name = `plot-${number}.${extension}`
      if (!exists(name)) return name
    }
  }
  const showImage = (type: string, content: string) => {
    const bytes = Buffer.from(content, type === 'image/svg+xml' ? 'utf8' : 'base64')
    if (images && type === 'image/png') return void streams.stdout.write(imageSequence(images, bytes))
    const name = nextName(IMAGES[type] ?? 'bin')
    writeFile(name, bytes, 'the plot', 'wx')
    streams.note(`saved ${name}`)
  }
  return {
    result({ data }) {
      const image = Object.keys(IMAGES).find((type) => typeof data[type] === 'string')
      if (image !== undefined) return showImage(image, data[image] as string)
      const text = data['text/plain'] ?? data['text/markdown'] ?? data['text/html'] ?? data['application/json']
      if (text === undefined) return
      const shown = typeof text === 'string' ? text : JSON.stringify(text, null, 2)
      streams.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`)
    },
    error({ name, value, traceback }) {
      const text = traceback.length > 0 ? traceback.join('\n') : `${name}: ${value}`
      streams.stderr.write(`${colours ? text : withoutColours(text)}\n`)
    },
  }
}

// oxlint-disable-next-line no-control-regex -- what colours are made of
const withoutColours = (text: string): string => text.replaceAll(/\x1b\[[\d;]*m/g, '')
