import { clearOutputs, type Document } from '../model/cells.ts'
import { isFields, readNotebook, writeNotebook } from '../model/ipynb.ts'
import { mergeDocuments, withOutputsOf } from '../model/merge.ts'

/** How much of a notebook the browser had room for. */
export type Kept = 'whole' | 'without-outputs' | 'nothing'

/** A notebook as it is kept: `id` is the same in all tabs that have it open, and another after "New" or "Open". */
export interface KeptNotebook {
  id: string
  document: Document
  isWithoutOutputs: boolean
}

type Place = Pick<Storage, 'getItem' | 'setItem'>

const NOTEBOOK = 'runyard.notebook'
/** A member of the file that is kept, and of no other. */
const ABOUT = 'runyard_kept'
/** Of a notebook that is as the page began with it. */
export const FIRST_ID = ''

export function readKept(place: Place): KeptNotebook | undefined {
  const text = place.getItem(NOTEBOOK)
  if (text === null) return undefined
  try {
    const { rest, ...document } = readNotebook(text)
    const { [ABOUT]: about, ...others } = rest
    const { id, isWithoutOutputs } = isFields(about) ? about : {}
    return {
      id: typeof id === 'string' ? id : FIRST_ID,
      document: { ...document, rest: others },
      isWithoutOutputs: isWithoutOutputs === true,
    }
  } catch {
    return undefined
  }
}

function put(place: Place, { id, document, isWithoutOutputs }: KeptNotebook): boolean {
  const rest = { ...document.rest, [ABOUT]: { id, isWithoutOutputs } }
  try {
    place.setItem(NOTEBOOK, writeNotebook({ ...document, rest }))
    return true
  } catch {
    return false
  }
}

/** What a tab finds where all tabs keep their notebook. */
export type Found =
  /** Nothing that it does not know. */
  | { what: 'nothing' }
  /** Another notebook, and whether it was told of that one before. */
  | { what: 'another'; isNew: boolean }
  /** What others changed, with its own; `isKept` when that is no more than what is kept. */
  | { what: 'changes'; merged: Document; isKept: boolean }

export interface NotebookKeeper {
  look(id: string, mine: Document): Found
  /** What is kept before is lost unless it was looked at. */
  keep(id: string, mine: Document): Kept
}

/**
 * Keeps the notebook of one tab where others keep theirs. Of each notebook it remembers what was kept last, as far as this tab knows: what is otherwise in
 * what it finds there was changed by others.
 */
export function createNotebookKeeper(place: Place, id: string, document: Document): NotebookKeeper {
  const bases = new Map([[id, document]])
  /** Other notebooks as they were found last, for when one of them is shown here again. */
  const passed = new Map<string, KeptNotebook>()
  let seen = place.getItem(NOTEBOOK)
  return {
    look(id, mine) {
      const text = place.getItem(NOTEBOOK)
      const found = text === seen ? undefined : readKept(place)
      const own = found?.id === id ? found : undefined
      const isNew = found !== undefined && !own && !passed.has(found.id)
      if (found && !own) passed.set(found.id, found)
      const late = own ?? passed.get(id)
      if (!late) return found ? { what: 'another', isNew } : { what: 'nothing' }
      passed.delete(id)
      if (own) seen = text
      const base = bases.get(id) ?? mine
      const theirs = late.isWithoutOutputs ? withOutputsOf(base, late.document) : late.document
      const merged = mergeDocuments(base, mine, theirs)
      bases.set(id, theirs)
      return { what: 'changes', merged, isKept: own !== undefined && writeNotebook(merged) === writeNotebook(theirs) }
    },
    keep(id, mine) {
      const bare = clearOutputs(mine)
      const kept: Kept = put(place, { id, document: mine, isWithoutOutputs: false })
        ? 'whole'
        : put(place, { id, document: bare, isWithoutOutputs: true })
          ? 'without-outputs'
          : 'nothing'
      if (kept === 'nothing') return kept
      seen = place.getItem(NOTEBOOK)
      // Others do not know the outputs: what they keep without them has not removed them.
      bases.set(id, kept === 'whole' ? mine : bare)
      return kept
    },
  }
}
