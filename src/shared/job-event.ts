import Type, { type Static } from 'typebox'
import { EnvironmentEvent } from './environments/environment.ts'
import { ExactBytes, JobSummary, OutputEncoding, StageSummary, StageTest, State } from './job.ts'
import { Finding } from './security/finding.ts'

export const StateEvent = Type.Object({
  type: Type.Literal('state'),
  data: Type.Object({ state: State, attempt: Type.Integer({ description: 'counts the starts' }) }),
})

export const StageEvent = Type.Object({
  type: Type.Literal('stage'),
  data: Type.Union([
    Type.Object({ stage: Type.String(), phase: Type.Literal('started'), test: Type.Optional(StageTest) }),
    Type.Object({ stage: Type.String(), phase: Type.Literal('ended'), report: StageSummary }),
  ]),
})

export const OutputEvent = Type.Object({
  type: Type.Enum(['stdout', 'stderr']),
  data: Type.Object({
    stage: Type.String(),
    data: Type.String({ description: 'a piece of the output, cut anywhere between characters' }),
    dataBase64: ExactBytes,
    encoding: OutputEncoding,
  }),
})

export const WarningEvent = Type.Object({ type: Type.Literal('warning'), data: Finding })

/** To a job that waits for its packages: how far their installation is. Behind `ready` or `failed` the job goes on. */
export const PackagesEvent = Type.Object({
  type: Type.Literal('packages'),
  data: Type.Object({
    environment: Type.String({ format: 'uuid', description: 'its id' }),
    ...EnvironmentEvent.properties.data.properties,
  }),
})

export type PackagesEvent = Static<typeof PackagesEvent>

export const ResultEvent = Type.Object({ type: Type.Literal('result'), data: JobSummary })

/** Stands to one reader in the place of events that are no longer kept. */
export const GapEvent = Type.Object({
  type: Type.Literal('gap'),
  data: Type.Object({ before: Type.String({ description: 'id of the first event behind the gap' }) }),
})
export type GapEvent = Static<typeof GapEvent>

/** One entry of a job's event stream. */
export const JobEvent = Type.Union([StateEvent, StageEvent, OutputEvent, WarningEvent, PackagesEvent, ResultEvent])
export type JobEvent = Static<typeof JobEvent>
