import type { CallOptions, Execution, SessionHandle } from '../../client/client.ts'

/** An execution of ours, whose id comes when the service has taken it. */
export interface OwnExecution {
  /** For `runCode`. */
  onStart: (execution: Pick<Execution, 'id'>) => void
  /** Interrupts it and nothing else: what is wished before its id is known is done once it is. */
  interrupt: (call?: CallOptions) => Promise<void>
  /** It has ended, or was not taken: who waits for its id waits no more. */
  close: () => void
}

export function ownExecution({ contexts }: Pick<SessionHandle, 'contexts'>, context?: string): OwnExecution {
  let tell: (id: string | undefined) => void = () => {}
  const started = new Promise<string | undefined>((resolve) => (tell = resolve))
  return {
    onStart: ({ id }) => tell(id),
    async interrupt(call = {}) {
      const id = await started
      if (id !== undefined) await contexts.interrupt(context, { execution: id, ...call })
    },
    close: () => tell(undefined),
  }
}
