import type { JobStoredFile } from '../../../shared/files/stored-file.ts'
import type { JobSpec, OwnSubmission, SourceFile } from '../../../shared/job.ts'
import type { Language } from '../../../shared/language.ts'
import type { FieldError } from '../../../shared/problems.ts'
import type { CodeRequest, RequestFile } from '../../../shared/requests.ts'
import { invalidRequest } from '../../http/problems.ts'
import { plainBase64 } from './base64.ts'

/** Fields of a program that exclude or need each other. */
export function checkSource({ code, files, tests, expectedOutput, interactive, terminal }: CodeRequest): FieldError[] {
  const errors: FieldError[] = []
  if (code === undefined && files === undefined)
    errors.push({ pointer: '/code', detail: 'is missing, and so is /files' })
  if (code !== undefined && files !== undefined) errors.push({ pointer: '/code', detail: 'cannot be used with /files' })
  if (tests !== undefined && expectedOutput !== undefined) {
    errors.push({ pointer: '/expectedOutput', detail: 'cannot be used with /tests; each test has its own' })
  }
  if (tests !== undefined && interactive === true) {
    errors.push({ pointer: '/interactive', detail: 'cannot be used with /tests' })
  }
  if (terminal !== undefined && interactive !== true) {
    errors.push({ pointer: '/terminal', detail: 'needs /interactive to be true' })
  }
  return errors
}

/** The files of a program that have their content in the request, `code` as one of them. */
export function sourceFiles(request: CodeRequest, language: Language): SourceFile[] {
  if (request.files) return request.files.flatMap(toSourceFile)
  return [{ path: language.fileName, content: request.code ?? '', encoding: 'utf-8' }]
}

/** @returns nothing for a file that is given by id */
export function toSourceFile({ path, content, encoding = 'utf-8', mode }: RequestFile): SourceFile[] {
  if (content === undefined) return []
  const text = encoding === 'base64' ? (plainBase64(content) ?? content) : content
  return [{ path, content: text, encoding, ...(mode !== undefined && { mode }) }]
}

/** Where the files of a request that have their content there have it. */
export const contentPointers = (files: readonly RequestFile[] = []): string[] =>
  files.flatMap(({ content }, index) => (content === undefined ? [] : [`/files/${index}/content`]))

/** What a job keeps of files that are given by id. */
export const ofStore = ({ stored }: { stored: JobStoredFile[] }): Pick<JobSpec, 'storedFiles'> =>
  stored.length === 0 ? {} : { storedFiles: stored }

/** What a judged job keeps of how its program was given. */
export function ownSubmission({ language, files, entrypoint, limits }: CodeRequest): OwnSubmission {
  return {
    language,
    files: files ? files.filter(({ id }) => id === undefined).length : 1,
    ...(entrypoint !== undefined && { entrypoint }),
    ...(limits && { limits }),
  }
}

/** @returns path of the file that is run. @throws Problem `invalid-request` when none can be it */
export function findEntrypoint(request: CodeRequest, files: readonly SourceFile[], language: Language): string {
  const paths = files.map(({ path }) => path)
  const { entrypoint } = request
  if (entrypoint === undefined) {
    if (paths.includes(language.fileName)) return language.fileName
    const [only, second] = paths
    if (only !== undefined && second === undefined) return only
    const detail = `is missing: none of the files is ${language.fileName}`
    throw invalidRequest([{ pointer: '/entrypoint', detail }])
  }
  if (request.files?.some(({ path, id }) => path === entrypoint && id !== undefined)) {
    const detail = 'names a file that is given by id; the program itself must have its content in the request'
    throw invalidRequest([{ pointer: '/entrypoint', detail }])
  }
  if (!paths.includes(entrypoint)) {
    throw invalidRequest([{ pointer: '/entrypoint', detail: `must be one of ${paths.join(', ')}` }])
  }
  return entrypoint
}

export function checkCompilerArgs({ compilerArgs }: CodeRequest, language: Language): FieldError[] {
  if (compilerArgs === undefined || compilerArgs.length === 0) return []
  if (language.compile?.argv.includes('{compilerArgs}')) return []
  return [{ pointer: '/compilerArgs', detail: `cannot be used: ${language.name} has no compiler options here` }]
}
