/** The parts of the API, in the order in which they are shown. */
export const TAGS = {
  Jobs: 'Submit a program, follow it, talk to it, cancel it, read what it left.',
  Batches: 'Many jobs in one call.',
  'Run and wait': 'One call that runs a program or a command and answers with what came of it.',
  Runtimes: 'The languages.',
  Webhooks: 'What your webhooks are signed with, and what was delivered.',
  Administration: 'For operators: keys, security events, blocks. Each of these takes a key with the scope `admin`.',
  Service: 'How the service is, and this description of it.',
} as const

export type Tag = keyof typeof TAGS
