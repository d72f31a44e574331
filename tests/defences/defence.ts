/** A change of one file that takes a defence away. */
export interface Edit {
  file: string
  /** Stands in the file exactly once. */
  find: string
  replace: string
}

/** A defence, and the test that has to notice when it is gone. */
export interface Defence {
  /** What it keeps out. */
  threat: string
  /** What is taken away. */
  without: string
  /** All of them at once: what several layers keep out is still kept out when one of them is gone. */
  edits: readonly Edit[]
  test: string
  /** Part of the full names of the tests that have to fail. */
  name: string
}

/** One edit, in the order of the fields. */
export const edit = (file: string, find: string, replace: string): Edit[] => [{ file, find, replace }]
