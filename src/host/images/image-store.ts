import type { Podman } from '../podman.ts'

/** The references of all images podman has, those without a name left out. */
export async function listImages(podman: Podman): Promise<Set<string>> {
  const lines = await podman.run(['images', '--format', '{{.Repository}}:{{.Tag}}'])
  return new Set(lines.split('\n').filter((line) => line !== '' && !line.includes('<none>')))
}

export async function hasImage(podman: Podman, reference: string): Promise<boolean> {
  return (await podman.try(['image', 'exists', reference])).exitCode === 0
}
