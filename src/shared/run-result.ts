import Type, { type Static } from 'typebox'
import { Job, Stage, Status } from './job.ts'

const { name: _name, test: _test, status: _status, judging: _judging, ...measurements } = Stage.properties
const { id, message, language, version, image, artifacts, artifactsTruncated, judging } = Job.properties

/** A job that has ended as one flat answer: the measurements of its last stage beside its own, for clients that run one program. */
export const RunResult = Type.Object(
  {
    id,
    status: Status,
    message,
    language,
    version,
    image,
    ...Type.Partial(Type.Object(measurements)).properties,
    artifacts,
    artifactsTruncated,
    judging,
    compile: Type.Union([Stage, Type.Null()], { description: 'the compile stage, where there is one' }),
    tests: Type.Array(Stage, { description: 'the stages `test N`' }),
  },
  { description: 'measurements are those of the last stage; absent when no stage ran' },
)
export type RunResult = Static<typeof RunResult>
