// Prettier formats what scripts and tests write into Markdown, as oxfmt checks it afterwards: their options stand once.
import { readFileSync } from 'node:fs'

const { printWidth, singleQuote, semi, trailingComma } = JSON.parse(
  readFileSync(new URL('.oxfmtrc.json', import.meta.url), 'utf8'),
)

export default { printWidth, singleQuote, semi, trailingComma }
