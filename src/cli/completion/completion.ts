import { type Command, InvalidArgumentError } from 'commander'
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import { nodesOf } from './nodes.ts'
import { zshCompletion } from './zsh.ts'

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }
type Shell = keyof typeof SCRIPTS

export const SHELLS = Object.keys(SCRIPTS) as Shell[]

/** Adds `runyard completion`. @param languages ids, for `--language` */
export function addCompletionCommand(program: Command, languages: () => string[], print: (text: string) => void): void {
  program
    .command('completion')
    .description('print what makes a shell complete the words of this command')
    .argument('<shell>', SHELLS.join(', '), (text: string): Shell => {
      const known = SHELLS.find((shell) => shell === text)
      if (known === undefined) throw new InvalidArgumentError(`It must be one of ${SHELLS.join(', ')}.`)
      return known
    })
    .action((shell: Shell) => print(SCRIPTS[shell](nodesOf(program, languages(), SHELLS))))
}
