import { watchTestFile } from './watch-responses.ts'

watchTestFile()
