/**
 * Code around an execution in Python that has environment variables of its own: it sets them, and puts back what was there. It runs
 * in the kernel, silently, and leaves no name behind.
 */
export function environmentCode(variables: Readonly<Record<string, string>>): { before: string; after: string } {
  // JSON of a string is a literal of Python.
  const given = `__import__('json').loads(${JSON.stringify(JSON.stringify(variables))})`
  const environ = "__import__('os').environ"
  const saved = "__import__('builtins').__dict__.setdefault('__runyard_environments__', [])"
  return {
    before: `${saved}.append({name: ${environ}.get(name) for name in ${given}}); ${environ}.update(${given})`,
    after: [
      `for __runyard_pair__ in (${saved} or [{}]).pop().items():`,
      `    ${environ}.pop(__runyard_pair__[0], None) if __runyard_pair__[1] is None else ${environ}.__setitem__(*__runyard_pair__)`,
      `globals().pop('__runyard_pair__', None)`,
    ].join('\n'),
  }
}
