/** The parts of the API, in the order in which they are shown. */
export const TAGS = {
  Jobs: 'Submit programs, follow, cancel and control them, and download their files.',
  Batches: 'Many jobs in one call.',
  'Run and wait': 'Run a program or a command in one call and get its result.',
  Files: 'Upload files once and use them in any number of jobs; download what jobs made.',
  Environments: 'Packages, installed once and used in any number of jobs.',
  Judging: 'Problems: tests, checkers and interactors that are stored once and judged against.',
  Sessions: 'Sandboxes that stay: executions in interpreters with state, commands, files.',
  'Browser tokens': 'Let pages run code without an API key.',
  Runtimes: 'The languages.',
  Webhooks: 'Signing secrets and deliveries.',
  Administration: 'For operators: keys, security events and blocks. Requires a key with the scope `admin`.',
  Service: 'Health, metrics and this description.',
} as const

export type Tag = keyof typeof TAGS
