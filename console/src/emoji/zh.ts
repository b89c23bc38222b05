import { pack } from './pack' with { type: 'macro' }

export const text: string = pack('zh')
