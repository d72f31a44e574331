/** What a reader is told before the routes. */
export const INTRODUCTION = `
Runyard runs programs that strangers wrote. You submit one, it becomes a **job** in a queue, a worker runs it in a sandbox
under limits, and you get its output and its figures: by asking for the job, as a stream of events, over a WebSocket, or at
a webhook of yours.

The quickest way to a result is \`POST /v1/jobs\` with \`Prefer: wait=10\`:

\`\`\`sh
curl -s http://127.0.0.1:3000/v1/jobs -H 'content-type: application/json' -H 'prefer: wait=10' \\
  -d '{"language": "python", "code": "print(6 * 7)"}'
\`\`\`

- **Bodies** are JSON in UTF-8, at most 2 MiB, code at most 1 MiB, unless the operator says otherwise. Fields that are not
  known are refused, and so are query parameters. \`null\` in the place of an optional field is as absent. Numbers that
  would come back changed (integers beyond 2^53) are refused: send them as strings.
- **Errors** are \`application/problem+json\` (RFC 9457). \`code\` is stable: programs may rely on it; \`errors\` names the
  fields that are wrong. A program that fails is no error: it is a job whose \`status\` says so. A path or method that is not
  here is 404 \`not-found\` or 405 \`method-not-allowed\`.
- **Keys** are shown as \`Authorization: Bearer ry_...\` or \`X-API-Key\`. Whether you need one is up to the operator.
- **Budgets** are for each key, or else each address: \`RateLimit\` tells what is left, \`Retry-After\` when to come back.
- **HEAD** is answered wherever GET is, without the body.
`.trim()
