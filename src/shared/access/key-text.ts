import { createHash, randomBytes } from 'node:crypto'

/** A key as its holder shows it: `ry_<id>_<secret>`. */
export interface KeyText {
  /** 12 characters of 0-9 and a-f. */
  id: string
  /** 64 characters of 0-9 and a-f: 256 random bits. */
  secret: string
}

export function newKeyText(): KeyText {
  return { id: randomBytes(6).toString('hex'), secret: randomBytes(32).toString('hex') }
}

export const formatKey = ({ id, secret }: KeyText): string => `ry_${id}_${secret}`

/** @returns undefined when the text is not of the form of a key */
export function parseKey(text: string): KeyText | undefined {
  const [, id, secret] = /^ry_([0-9a-f]{12})_([0-9a-f]{64})$/.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret }
}

/** A browser token has the parts of a key: `ryb_<id>_<secret>`. */
export const formatBrowserToken = ({ id, secret }: KeyText): string => `ryb_${id}_${secret}`

/** @returns undefined when the text is not of the form of a browser token */
export function parseBrowserToken(text: string): KeyText | undefined {
  const [, id, secret] = /^ryb_([0-9a-f]{12})_([0-9a-f]{64})$/.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret }
}

export const looksLikeBrowserToken = (text: string): boolean => text.startsWith('ryb_')

/** Whether a text was probably meant as a key, be it cut short, mistyped or with `Bearer` before it. */
export function looksLikeKey(text: string): boolean {
  return /^\s*(bearer\s+)?ryb?_[0-9a-z]{6,}_[0-9a-z_-]{6,}/i.test(text)
}

/**
 * What is stored of a secret. A secret has 256 random bits, so nobody finds it by trying, and a slow hash as passwords need
 * would only slow down every request.
 */
export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()
