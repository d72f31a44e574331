import type { Content } from './tool.ts'
import { MIB } from '../../../shared/limits.ts'

/** What models can see, by the ends of names. */
const TYPES: Readonly<Record<string, string>> = { png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg' }
export const IMAGE_TYPES: readonly string[] = ['image/png', 'image/jpeg']
/** In one result. */
export const MOST_IMAGES = 5
export const MOST_IMAGE_BYTES = MIB

/** The type of an image that models can see; undefined of anything else. */
export const imageTypeOf = (path: string): string | undefined =>
  TYPES[/\.([a-z]{3,4})$/i.exec(path)?.[1]?.toLowerCase() ?? '']

export const image = (base64: string, mimeType: string): Content => ({
  type: 'image',
  data: base64.replaceAll(/\s+/g, ''),
  mimeType,
})
