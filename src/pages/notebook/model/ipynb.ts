import { type Cell, type CellType, type Document, type MimeBundle, newCell, newCellId, type Output } from './cells.ts'

/** Reading and writing notebook files, nbformat 4. What is not known here is written as it was read. */

type Fields = Record<string, unknown>

const MINOR = 5
const CELL_ID = /^[A-Za-z0-9_-]{1,64}$/
const CELL_TYPES: readonly string[] = ['code', 'markdown', 'raw']

/** Why a text is no notebook that can be opened here, in words for people. */
export class NotebookFault extends Error {}

/**
 * @param text of an `.ipynb` file
 * @throws NotebookFault
 */
export function readNotebook(text: string): Document {
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch {
    throw new NotebookFault('The file is not JSON, so it is not a notebook.')
  }
  if (!canBeWritten(file)) throw new NotebookFault('The file is nested too deep to be written again.')
  if (!isFields(file)) throw new NotebookFault('The file has no cells, so it is not a notebook.')
  const { cells, metadata, nbformat, nbformat_minor: minor, ...rest } = file
  if (typeof nbformat === 'number' && nbformat !== 4) {
    throw new NotebookFault(
      `The notebook has format ${nbformat}; format 4 can be opened. Convert it with: jupyter nbconvert --to notebook`,
    )
  }
  if (!Array.isArray(cells)) throw new NotebookFault('The file has no cells, so it is not a notebook.')
  const seen = new Set<string>()
  return {
    cells: cells.length === 0 ? [newCell()] : cells.map((cell: unknown, index) => readCell(cell, index, seen)),
    metadata: isFields(metadata) ? metadata : {},
    rest: { ...rest, ...(typeof minor === 'number' && minor > MINOR && { nbformat_minor: minor }) },
  }
}

/** JSON is read however deep it is nested, and written only as deep as the stack. */
function canBeWritten(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}

function readCell(value: unknown, index: number, seen: Set<string>): Cell {
  if (!isFields(value)) throw new NotebookFault(`Cell ${index + 1} is not an object.`)
  const { id, cell_type: type, source, metadata, outputs, execution_count: count, ...rest } = value
  if (typeof type !== 'string' || !CELL_TYPES.includes(type)) {
    throw new NotebookFault(`Cell ${index + 1} has the type ${JSON.stringify(type)}; known are code, markdown and raw.`)
  }
  const own = typeof id === 'string' && CELL_ID.test(id) && !seen.has(id) ? id : newCellId()
  seen.add(own)
  return {
    id: own,
    type: type as CellType,
    source: textOf(source),
    version: 0,
    metadata: isFields(metadata) ? metadata : {},
    outputs: Array.isArray(outputs) ? outputs.map(readOutput) : [],
    executionCount: typeof count === 'number' ? count : null,
    rest,
  }
}

function readOutput(raw: unknown): Output {
  if (!isFields(raw)) return { output_type: 'unknown', raw }
  const { output_type: type, name, text, ename, evalue, traceback, execution_count: count } = raw
  // Other members stay with it.
  const bundle: MimeBundle = {
    ...raw,
    data: isFields(raw['data']) ? raw['data'] : {},
    metadata: isFields(raw['metadata']) ? raw['metadata'] : {},
  }
  switch (type) {
    case 'stream':
      if (name !== 'stdout' && name !== 'stderr') break
      return { ...raw, output_type: type, name, text: textOf(text) }
    case 'display_data':
      return { ...bundle, output_type: type }
    case 'execute_result':
      return { ...bundle, output_type: type, execution_count: typeof count === 'number' ? count : null }
    case 'error':
      if (!Array.isArray(traceback)) break
      return {
        ...raw,
        output_type: type,
        ename: textOf(ename),
        evalue: textOf(evalue),
        traceback: traceback.map(textOf),
      }
  }
  return { output_type: 'unknown', raw }
}

/** A kernel, as notebook files name it. */
export interface KernelName {
  language: string
  /** For people, e.g. `Python`. */
  name: string
}

/** @returns the text of an `.ipynb` file */
export function writeNotebook(document: Document, kernel?: KernelName): string {
  const { cells, metadata, rest } = kernel ? inLanguage(document, kernel) : document
  const { nbformat_minor: minor = MINOR, ...others } = rest
  const file = {
    ...others,
    cells: cells.map(writeCell),
    metadata,
    nbformat: 4,
    nbformat_minor: minor,
  }
  return `${JSON.stringify(file, null, 1)}\n`
}

/** As it stands in a file. */
export function writeCell({ id, type, source, metadata, outputs, executionCount, rest }: Cell): Fields {
  const common: Fields = { ...rest, cell_type: type, id, metadata, source: linesOf(source) }
  if (type !== 'code') return common
  // A cell that was Markdown may have them; the format allows none in code.
  const { attachments: _, ...allowed } = common
  return { ...allowed, execution_count: executionCount, outputs: outputs.map(writeOutput) }
}

function writeOutput(output: Output): unknown {
  if (output.output_type === 'unknown') return output.raw
  if (output.output_type === 'stream') return { ...output, text: linesOf(output.text) }
  if (output.output_type === 'error') return output
  const { display_id: _, ...written } = output
  return written
}

/** The same notebook for a kernel; what its metadata says of that kernel's language stays. */
export const inLanguage = (document: Document, kernel: KernelName): Document =>
  languageOf(document.metadata) === kernel.language
    ? document
    : { ...document, metadata: { ...document.metadata, ...kernelMetadata(kernel) } }

const kernelMetadata = ({ language, name }: KernelName) => ({
  kernelspec: { display_name: name, language, name: KERNELS[language] ?? language },
  language_info: { name: language },
})
/** What Jupyter calls the usual kernels. */
const KERNELS: Record<string, string> = { python: 'python3', r: 'ir' }

/** The language a notebook says it is in, in its own words. */
export function languageOf(metadata: Document['metadata']): string | undefined {
  const { kernelspec, language_info: info } = metadata
  const named = [isFields(info) ? info['name'] : undefined, isFields(kernelspec) ? kernelspec['language'] : undefined]
  return named.find((name) => typeof name === 'string')?.toLowerCase()
}

/** Texts of these files are a string, or a list of its lines. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.filter((line) => typeof line === 'string').join('')
  return typeof value === 'string' ? value : ''
}

const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? []

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
