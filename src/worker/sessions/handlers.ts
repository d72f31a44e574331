import type { Operation, Operations } from '../../shared/sessions/operations.ts'

/** What an operation answers, with bytes if it has any. */
export type Done<O extends Operation> = [answer: Operations[O]['answer'], bytes?: Buffer]

/** One function an operation. What they throw is answered, see `refusalOf`. */
export type Handlers<O extends Operation> = {
  [One in O]: (input: Operations[One]['input'], bytes: Buffer) => Promise<Done<One>> | Done<One>
}
