const names: Record<string, string> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows', windows: 'Windows' }

/** `darwin` → “macOS”. */
export const osName = (os: string): string => names[os.toLowerCase()] ?? (os || '?')

export const osIcon = (os: string): string => (osName(os) === 'macOS' ? 'i-lucide-laptop' : 'i-lucide-server')
