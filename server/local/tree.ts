/** Ids of the processes below one. They may be in sessions of their own, where a signal to a group does not reach them. */
export async function descendants(root: number): Promise<number[]> {
  if (process.platform === 'win32') return []
  const ps = Bun.spawn(['ps', '-A', '-o', 'pid=,ppid='], { stderr: 'ignore' })
  const children = new Map<number, number[]>()
  for (const line of (await new Response(ps.stdout).text()).split('\n')) {
    const [pid = Number.NaN, parent = Number.NaN] = line.trim().split(/\s+/).map(Number)
    if (Number.isInteger(pid) && Number.isInteger(parent)) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const found: number[] = []
  for (const next = [root]; next.length;) {
    const below = children.get(next.pop() ?? Number.NaN) ?? []
    found.push(...below)
    next.push(...below)
  }
  return found
}

/** Kills a process or, given a negative id, a process group. One that is gone already is fine. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
