import load from 'ogv/dist/ogv-decoder-video-av1-simd-wasm.js'
import wasm from 'ogv/dist/ogv-decoder-video-av1-simd-wasm.wasm'
import { createOgv } from './ogv'

export const createAv1 = () => createOgv('AV1', load, wasm)
