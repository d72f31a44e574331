import type { SourceFile } from '../../shared/job.ts'
import { fileBytesWithin, type LimitOverrides, type Limits, limitsAboveCeiling, MIB } from '../../shared/limits.ts'
import { pathProblem } from '../../shared/path-problem.ts'
import { type FieldError, Problem } from '../../shared/problems.ts'
import type { RequestFile } from '../../shared/requests.ts'
import type { Webhook } from '../../shared/webhook.ts'
import { checkWebhookUrl } from '../../shared/webhooks/check-webhook-url.ts'
import type { Reach } from '../../shared/webhooks/reach.ts'
import { globProblem } from './glob-problem.ts'

/** What the kernel takes as arguments and environment of a program, with room to spare; all of it crosses in one frame. */
const MAX_VECTOR_BYTES = 128 * 1024
const MAX_METADATA_BYTES = 4096
const MAX_TEXT_BYTES = MIB

/** Rules a schema cannot say. Each returns what is wrong, as fields. */
export function checkLimits(asked: LimitOverrides, defaults: Limits, ceilings: Limits): FieldError[] {
  const errors = limitsAboveCeiling(asked, ceilings).map(({ name, asked: value, ceiling }) => ({
    pointer: `/limits/${name}`,
    detail: `is ${value}; the most this service allows is ${ceiling}`,
  }))
  const most = fileBytesWithin(asked.memoryBytes ?? defaults.memoryBytes)
  if (asked.fileBytes !== undefined && asked.fileBytes > most) {
    const detail = `is ${asked.fileBytes}; allowed is half of memoryBytes, ${most}`
    errors.push({ pointer: '/limits/fileBytes', detail })
  }
  return errors
}

export function checkFiles(files: readonly RequestFile[]): FieldError[] {
  const seen = new Set<string>()
  return files.flatMap((file, index): FieldError[] => {
    const pointer = `/files/${index}`
    const errors: FieldError[] = []
    const wrong = pathProblem(file.path)
    if (wrong !== undefined) errors.push({ pointer: `${pointer}/path`, detail: wrong })
    if (seen.has(file.path)) errors.push({ pointer: `${pointer}/path`, detail: 'is the path of another file too' })
    if (files.some((other) => other.path.startsWith(`${file.path}/`))) {
      errors.push({ pointer: `${pointer}/path`, detail: 'is a folder of another file' })
    }
    if (file.encoding === 'base64' && !isBase64(file.content)) {
      errors.push({ pointer: `${pointer}/content`, detail: 'is not base64' })
    }
    seen.add(file.path)
    return errors
  })
}

/** Strings that become arguments or environment: no NUL, and not more than a program can be given. */
export function checkVectors(
  vectors: Record<string, readonly string[] | Record<string, string> | undefined>,
): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [field, vector] of Object.entries(vectors)) {
    for (const [key, value] of Object.entries(vector ?? {})) {
      bytes += Buffer.byteLength(value) + key.length + 2
      if (value.includes('\0')) errors.push({ pointer: `/${field}/${key}`, detail: 'must not hold a NUL character' })
    }
  }
  if (bytes > MAX_VECTOR_BYTES) {
    const fields = Object.keys(vectors).join(', ')
    errors.push({ pointer: '', detail: `has ${bytes} bytes in ${fields}; ${MAX_VECTOR_BYTES} are allowed in all` })
  }
  return errors
}

/** Input and expected output, a text each. */
export function checkTexts(texts: Record<string, string | undefined>): FieldError[] {
  return Object.entries(texts).flatMap(([pointer, text]) => {
    const bytes = text === undefined ? 0 : Buffer.byteLength(text)
    return bytes <= MAX_TEXT_BYTES ? [] : [{ pointer, detail: `has ${bytes} bytes; ${MAX_TEXT_BYTES} are allowed` }]
  })
}

export function checkWebhook(webhook: Webhook | undefined, reach: Reach): FieldError[] {
  const detail = webhook && checkWebhookUrl(webhook.url, reach)
  return detail === undefined ? [] : [{ pointer: '/webhook/url', detail }]
}

export function checkMetadata(metadata: Record<string, unknown> | undefined): FieldError[] {
  const bytes = metadata === undefined ? 0 : Buffer.byteLength(JSON.stringify(metadata))
  if (bytes <= MAX_METADATA_BYTES) return []
  return [{ pointer: '/metadata', detail: `has ${bytes} bytes; ${MAX_METADATA_BYTES} are allowed` }]
}

export function checkArtifacts(globs: readonly string[] = []): FieldError[] {
  return globs.flatMap((glob, index) => {
    const detail = globProblem(glob)
    return detail === undefined ? [] : [{ pointer: `/artifacts/${index}`, detail }]
  })
}

/** @throws Problem `too-large` when all files together have more bytes than allowed */
export function checkCodeSize(files: readonly SourceFile[], maxBytes: number, pointer: string): void {
  const bytes = files.reduce((total, file) => total + contentBytes(file), 0)
  if (bytes <= maxBytes) return
  const detail = `has ${bytes} bytes; ${maxBytes} are allowed`
  throw new Problem('too-large', `${pointer} ${detail}`, { errors: [{ pointer, detail }] })
}

const contentBytes = (file: SourceFile): number =>
  Buffer.byteLength(file.content, file.encoding === 'base64' ? 'base64' : 'utf8')

export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
}
