// Bundles the mesh command into dist/bundle: libp2p and Helia as single modules take seven times as long to load, and
// an installed command then needs LevelDB's native part and nothing else. The command itself is one CommonJS file: a dozen
// modules, and a plain import of node:http, which loads a browser's fetch too, cost more than all that `mesh ls` does.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { BuildOptions, Plugin } from 'esbuild'

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

/** What each part takes from another part instead of carrying it, so that an error made in one is known in all. */
function apart(parts: Readonly<Record<string, string>>): Plugin {
  return {
    name: 'apart',
    setup(builder) {
      for (const [name, file] of Object.entries(parts)) {
        builder.onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: file, external: true }))
      }
    }
  }
}

const folder = here('dist/bundle')
const meshError = { '@pinmesh/node/mesh-error': './mesh-error.js', './mesh-error.ts': './mesh-error.js' }
const common: BuildOptions = {
  outdir: folder,
  bundle: true,
  platform: 'node',
  target: 'node22',
  conditions: ['@pinmesh/source'],
  minifySyntax: true,
  legalComments: 'linked',
  logLevel: 'warning'
}

await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })
await writeFile(join(folder, 'package.json'), '{ "type": "commonjs" }\n')
await build({ ...common, format: 'cjs', entryPoints: [here('../node/src/mesh-error.ts')] })
// The command in one file, whose parts run when they are needed, as do the modules of Node that they ask for.
await build({
  ...common,
  format: 'cjs',
  entryPoints: [here('src/main.ts')],
  plugins: [apart({ ...meshError, '@pinmesh/node': './peer.mjs', '@pinmesh/api': './server.mjs' }), withoutPrograms]
})
// What only a running peer needs.
await build({
  ...common,
  format: 'esm',
  splitting: true,
  outExtension: { '.js': '.mjs' },
  entryPoints: { peer: here('../node/src/index.ts'), server: here('../api/src/index.ts') },
  external: ['classic-level'],
  plugins: [apart(meshError), withoutWebRtc, rabinInline],
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);"
  }
})
