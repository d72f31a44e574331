import type { Attributes } from './tracing.ts'

/** What a span of a queue tells by the semantic conventions of messaging. @param id left out where there are several */
export function messagingAttributes(queue: string, operation: 'send' | 'process', id: string | undefined): Attributes {
  return {
    'messaging.system': 'bullmq',
    'messaging.destination.name': queue,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    'messaging.message.id': id,
  }
}
