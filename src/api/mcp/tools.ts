import type { Tool } from './tools/tool.ts'
import { listFiles, readFile, writeFile } from './tools/files.ts'
import { getRun } from './tools/get-run.ts'
import { listLanguages } from './tools/list-languages.ts'
import { runCode } from './tools/run-code.ts'
import { runCommand, runInSession } from './tools/run-in-session.ts'
import { createSession, endSession, listSessions } from './tools/sessions.ts'

/** In the order in which they are listed: clients keep prompts by it. */
export const TOOLS: readonly Tool[] = [
  runCode,
  getRun,
  listLanguages,
  createSession,
  runInSession,
  runCommand,
  writeFile,
  readFile,
  listFiles,
  listSessions,
  endSession,
]

export const findTool = (name: unknown): Tool | undefined => TOOLS.find((tool) => tool.name === name)
