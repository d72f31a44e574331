import { MAX_GLOBS } from '../../../shared/artifact.ts'
import type { Encoding } from '../../../shared/job.ts'
import type { Language } from '../../../shared/language.ts'
import {
  fileBytesWithin,
  LIMIT_NAMES,
  type LimitOverrides,
  type Limits,
  limitsAboveCeiling,
} from '../../../shared/limits.ts'
import { sentPathProblem } from '../../../shared/path-problem.ts'
import type { FieldError } from '../../../shared/problems.ts'
import type { RequestFile } from '../../../shared/requests.ts'
import type { Webhook } from '../../../shared/webhook.ts'
import { checkWebhookUrl } from '../../../shared/webhooks/check-webhook-url.ts'
import type { Reach } from '../../../shared/webhooks/reach.ts'
import { NOT_BASE64, plainBase64 } from './base64.ts'
import { globProblem, plainGlobs } from './glob-problem.ts'

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

/**
 * Limits with which no program of the language could run.
 * @param limits those the job would have, which a ceiling may have lowered
 * @param only looks at those of these names
 */
export function checkFloors(
  limits: Limits,
  { name: language, floors = {} }: Language,
  only: LimitOverrides = limits,
): FieldError[] {
  return LIMIT_NAMES.flatMap((name) => {
    const floor = floors[name] ?? 0
    if (limits[name] >= floor || only[name] === undefined) return []
    return [{ pointer: `/limits/${name}`, detail: `is ${limits[name]}; ${language} needs at least ${floor}` }]
  })
}

export function checkFiles(files: readonly RequestFile[]): FieldError[] {
  const seen = new Set<string>()
  return files.flatMap((file, index): FieldError[] => {
    const pointer = `/files/${index}`
    const errors: FieldError[] = []
    const wrong = sentPathProblem(file.path)
    if (wrong !== undefined) errors.push({ pointer: `${pointer}/path`, detail: wrong })
    if (seen.has(file.path)) errors.push({ pointer: `${pointer}/path`, detail: 'is also the path of another file' })
    if (files.some((other) => other.path.startsWith(`${file.path}/`))) {
      errors.push({ pointer: `${pointer}/path`, detail: 'is a folder that contains another file' })
    }
    const { content, encoding, id } = file
    if (content === undefined && id === undefined) {
      errors.push({ pointer: `${pointer}/content`, detail: 'is missing, and so is /id' })
    }
    if (content !== undefined && id !== undefined) {
      errors.push({ pointer: `${pointer}/id`, detail: 'cannot be used with /content' })
    }
    if (encoding !== undefined && content === undefined) {
      errors.push({ pointer: `${pointer}/encoding`, detail: 'needs /content' })
    }
    if (encoding === 'base64' && content !== undefined && plainBase64(content) === undefined) {
      errors.push({ pointer: `${pointer}/content`, detail: NOT_BASE64 })
    }
    seen.add(file.path)
    return errors
  })
}

/** Strings that become arguments or environment: no NUL. */
export function checkVectors(
  vectors: Record<string, string | readonly string[] | Record<string, string> | undefined>,
): FieldError[] {
  return Object.entries(vectors)
    .flatMap(([field, vector]) =>
      typeof vector === 'string'
        ? [{ pointer: `/${field}`, value: vector }]
        : Object.entries(vector ?? {}).map(([key, value]) => ({
            pointer: `/${field}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
            value,
          })),
    )
    .filter(({ value }) => value.includes('\0'))
    .map(({ pointer }) => ({ pointer, detail: 'must not contain a NUL character' }))
}

/** Standard input that is given as base64. @param pointer of what has it */
export function checkStdin(pointer: string, stdin: string | undefined, encoding: Encoding | undefined): FieldError[] {
  if (stdin === undefined || encoding !== 'base64' || plainBase64(stdin) !== undefined) return []
  return [{ pointer: `${pointer}/stdin`, detail: NOT_BASE64 }]
}

export function checkWebhook(webhook: Pick<Webhook, 'url'> | undefined, reach: Reach): FieldError[] {
  const detail = webhook && checkWebhookUrl(webhook.url, reach)
  return detail === undefined ? [] : [{ pointer: '/webhook/url', detail }]
}

export function checkArtifacts(globs: readonly string[] = []): FieldError[] {
  const errors = globs.flatMap((glob, index) => {
    const detail = globProblem(glob)
    return detail === undefined ? [] : [{ pointer: `/artifacts/${index}`, detail }]
  })
  if (errors.length > 0) return errors
  const { length } = plainGlobs(globs)
  if (length <= MAX_GLOBS) return []
  return [{ pointer: '/artifacts', detail: `stand for ${length} patterns without braces; ${MAX_GLOBS} are allowed` }]
}
