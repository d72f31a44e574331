/** The ways in which a request can show who makes it. */
export const SECURITY_SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'A key, `ry_...`, as `Authorization: Bearer ry_...`.',
  },
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'The same key, for clients that cannot set `Authorization`.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'runyard-session',
    description:
      'The session of the dashboard, which `POST /v1/admin/session` begins. Its name ends with the port, where the ' +
      'address has one (`runyard-session-3000`); behind TLS it begins with `__Host-`. ' +
      'It counts only for pages of this gateway.',
  },
}
