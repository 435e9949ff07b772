// Bundles the mesh command into dist/bundle: libp2p and Helia as single modules take seven times as long to load, and
// an installed command then needs LevelDB's native part and nothing else. Lazy imports stay separate files.
import { rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Plugin } from 'esbuild'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * Helia imports libp2p's WebRTC transports whether they are used or not, and they a native module at start. pinmesh
 * uses neither; calling one says so.
 */
const withoutWebRtc: Plugin = {
  name: 'without-webrtc',
  setup(builder) {
    builder.onResolve({ filter: /^@libp2p\/webrtc$/ }, () => ({ path: 'webrtc', namespace: 'left-out' }))
    builder.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({
      contents: `const leftOut = () => { throw new Error('WebRTC is not part of this bundle') }
        export { leftOut as webRTC, leftOut as webRTCDirect }`
    }))
  }
}

/** The rabin chunker for Node reads its WebAssembly from a file beside it; the one for browsers carries it. */
const rabinInline: Plugin = {
  name: 'rabin-inline',
  setup(builder) {
    builder.onResolve({ filter: /rabin-wasm\.node\.js$/ }, ({ resolveDir }) => ({
      path: join(resolveDir, '../dist/rabin-wasm.js')
    }))
  }
}

rmSync(here('dist/bundle'), { recursive: true, force: true })

await rm(here('dist/bundle'), { recursive: true, force: true })
await build({
  entryPoints: [here('src/main.ts')],
  outdir: here('dist/bundle'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  conditions: ['@pinmesh/source'],
  external: ['classic-level'],
  plugins: [withoutWebRtc, rabinInline],
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);"
  },
  minifySyntax: true,
  legalComments: 'linked',
  logLevel: 'warning'
})
