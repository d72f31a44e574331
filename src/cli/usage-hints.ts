import type { Command } from 'commander'

/**
 * Has each command throw instead of ending the process, and say below what is wrong with its words where more stands. The
 * whole help there would hide what is wrong.
 */
export function addUsageHints(command: Command, path = command.name()): void {
  command
    .exitOverride()
    .showHelpAfterError(`(${path} --help says more)`)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'runyard: ')) })
  for (const one of command.commands) addUsageHints(one, `${path} ${one.name()}`)
}
