import load from 'ogv/dist/ogv-decoder-video-vp9-simd-wasm.js'
import wasm from 'ogv/dist/ogv-decoder-video-vp9-simd-wasm.wasm'
import { createOgv } from './ogv'

export const createVp9 = () => createOgv('VP9', load, wasm)
