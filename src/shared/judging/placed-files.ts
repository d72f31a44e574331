import { MIB } from '../units.ts'
import { type InlineFile, MAX_FILES } from '../requests.ts'
import type { Tell } from './problem.ts'
import { isText } from './problem-text.ts'

/** A file of a folder, and where it is in a job. */
export interface Place {
  file: string
  path: string
}

/** Of files that are in several places, beside the first: as many archives as a problem has programs could be made of one. */
const MAX_COPIED_CHARACTERS = 16 * MIB

/**
 * Reads files of a folder as jobs get them. Each is read once, however many name it.
 * @param settings the file that names them
 * @returns reads those of one program. `where` is the list in the settings that names them, for faults
 */
export function createPlacedFiles(files: ReadonlyMap<string, Buffer>, settings: string, tell: Tell) {
  const texts = new Map<string, string>()
  let copied = 0
  const textOf = (file: string, where: string): string => {
    const known = texts.get(file)
    if (known !== undefined) {
      copied += known.length
      if (copied > MAX_COPIED_CHARACTERS && copied - known.length <= MAX_COPIED_CHARACTERS)
        tell(
          settings,
          `${where} has "${file}" once more: copies of files have more than ${MAX_COPIED_CHARACTERS} characters together`,
          where,
        )
      return known
    }
    const bytes = files.get(file)
    if (!bytes) tell(settings, `${where} is "${file}", which is not there`, where)
    else if (!isText(bytes)) tell(file, 'is not UTF-8')
    const text = bytes?.toString() ?? ''
    if (bytes) texts.set(file, text)
    return text
  }
  return (places: readonly Place[], where: string): InlineFile[] => {
    if (places.length > MAX_FILES) {
      tell(settings, `${where} are ${places.length}; ${MAX_FILES} are allowed`, where)
    }
    const taken = new Set<string>()
    // What is refused is not read.
    return places.slice(0, MAX_FILES).flatMap(({ file, path }, at) => {
      if (!taken.has(path)) {
        taken.add(path)
        return [{ path, content: textOf(file, `${where}/${at}`) }]
      }
      tell(settings, `${where}/${at}/path is also the path of another file`, `${where}/${at}`)
      return []
    })
  }
}
