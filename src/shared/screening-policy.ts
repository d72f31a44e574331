import Type from 'typebox'

/** How strictly code is screened before it runs; see docs/screening.md. */
export const SCREENING_POLICIES = ['strict', 'standard', 'off'] as const
export const ScreeningPolicy = Type.Enum(SCREENING_POLICIES)
export type ScreeningPolicy = (typeof SCREENING_POLICIES)[number]
