// Bundles the mesh command into dist/bundle: libp2p and Helia as single modules take seven times as long to load, and
// an installed command then needs LevelDB's native part and nothing else. Lazy imports stay separate files.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isBuiltin } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Plugin } from 'esbuild'

/** What is bundled from CommonJS asks for modules of Node by `require` too. */
const banner =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);"

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

/** commander can run commands that are programs of their own; there are none here, and processes cost a start 5 ms. */
const withoutPrograms: Plugin = {
  name: 'without-programs',
  setup(builder) {
    builder.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('/commander/') ? { path: 'programs', namespace: 'no-programs' } : undefined
    )
    builder.onLoad({ filter: /.*/, namespace: 'no-programs' }, () => ({ contents: 'export default {}' }))
  }
}

/**
 * Modules of Node by `require`, at the top of each file: an `import` reads every export of them at once, and that of
 * node:http loads a browser's fetch and sockets too, which a command never uses and which cost it more than all the rest.
 */
function builtinsByRequire(text: string): string {
  const required: string[] = []
  const importing = /^import (?:(\w+)(?:, )?)?(?:\* as (\w+)|\{([^}]*)\})? ?(?:from )?"((?:node:)?[\w/]+)";\n/gm
  const rest = text.replace(importing, (line, alone: string, all: string, some: string, name: string) => {
    if (!isBuiltin(name)) return line
    const parts = [alone, all, some === undefined ? undefined : `{ ${some.replace(/\bas\b/g, ':').trim()} }`]
    const named = parts.filter((part) => part !== undefined)
    required.push(...named.map((part) => `const ${part} = require("${name}");`))
    return ''
  })
  return [banner, ...required, rest].join('\n')
}

await rm(here('dist/bundle'), { recursive: true, force: true })
const { outputFiles } = await build({
  entryPoints: [here('src/main.ts')],
  outdir: here('dist/bundle'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  conditions: ['@pinmesh/source'],
  external: ['classic-level'],
  plugins: [withoutWebRtc, rabinInline, withoutPrograms],
  minifySyntax: true,
  legalComments: 'linked',
  write: false,
  logLevel: 'warning'
})
await mkdir(here('dist/bundle'), { recursive: true })
for (const { path, text } of outputFiles) {
  await writeFile(path, path.endsWith('.js') ? builtinsByRequire(text) : text)
}
