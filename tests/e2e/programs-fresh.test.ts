import { describe } from '@jest/globals'
import { runsOf } from '../support/program-runs.ts'
import { HOSTILE, sampled } from '../support/program-table.ts'

describe('in a sandbox for each job', () => {
  runsOf('never', 2, sampled(HOSTILE))
})
