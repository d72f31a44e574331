import { loadRules } from '/work/main/src/api/screening/load-rules.ts'
import { languageRules } from '/work/main/src/api/screening/language-rules.ts'
import { readText } from '/work/main/src/api/screening/reader.ts'
import { createTokens, reset, finish } from '/work/main/src/api/screening/tokens.ts'
import { screenText } from '/work/main/src/api/screening/screen-text.ts'
const all = loadRules('/work/main')
const t = createTokens()
for (const [lang, piece] of [['python','('],['python','a '],['python','nc '],['c','for(;;){'],['c','nc '],['python','while True:\n'],['c','while(1)'],['ruby','`'],['bash','x|'],['ruby','\\']] as const) {
  const text = JSON.parse(JSON.stringify(piece.repeat(1048576/piece.length|0))) as string
  const rules = languageRules(all, lang)
  const best = (f: () => void) => { let b = 1e9; for (let i=0;i<12;i++){ const s=performance.now(); f(); b=Math.min(b,performance.now()-s)} return b.toFixed(2) }
  const r = best(() => { reset(t, text.length); readText(text, rules, t); finish(t) })
  const looks = t.lookCount, count = t.count
  const w = best(() => { screenText(text, rules, t) })
  console.log(lang, JSON.stringify(piece), 'read', r, 'whole', w, 'tokens', count, 'looks', looks, 'steps', screenText(text, rules, t).steps - count, 'patterns', )
}
