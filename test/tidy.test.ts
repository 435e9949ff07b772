// The rules of this repository that neither the compiler nor the linter can state, each with its reason. It reads the
// files that stand in git, as text: comments and strings are blanked out first, so that prose may say what code may not.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path/posix'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

/** Who may import whom: arrows point inward. A package that is not named as a target is imported by nobody. */
const arrows: Record<string, readonly string[]> = {
  core: [],
  level: [],
  store: ['core', 'level'],
  transport: ['core'],
  ipfs: ['core', 'level'],
  node: ['core', 'store', 'transport', 'ipfs'],
  api: ['core', 'node'],
  cli: ['core', 'node', 'api'],
  sim: ['core']
}

/** All that the core may import from outside. */
const coreLibraries = ['yjs', 'multiformats']

/** The core is synchronous and knows neither clock, chance nor host: what it needs of them is passed in. */
const notInCore =
  /\b(?:async|await|Promise|Date|setTimeout|setInterval|setImmediate|queueMicrotask|globalThis|console|process|Buffer)\b|\bMath\.random\b/

/** What may stand at the top level. */
const topLevel = new Set(
  `package.json package-lock.json tsconfig.json lerna.json README.md CHANGELOG.md LICENSE packages test examples docs .ci
  .gitignore .npmrc .oxlintrc.json .oxfmtrc.json`.split(/\s+/)
)

const linesMax = 400
/** Tests tell longer stories, and their kits serve many. */
const testLinesMax = 800

/** Folders of one person's machine (an example may live in the home of `me`), joined so as not to find themselves. */
const machinePath = new RegExp(
  `(?<![\\w.])/(?:${['home/(?!me/)\\w+', 'Users/(?!me/)\\w+', 'root', 'work'].join('|')})/|[A-Z]:\\\\Users`
)

/** The files of the repository, without those that the working tree has just lost. */
const files = git('ls-files', '-z')
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(root, path)))
const sources = files.filter((path) => /\.(?:ts|mjs|js)$/.test(path))
const packages = Object.keys(arrows)

interface Import {
  from: string
  to: string
}

function git(...words: string[]): string {
  return execFileSync('git', ['-c', `safe.directory=${root}`, ...words], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26
  })
}

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Comments and strings become spaces; line breaks stay, so that line numbers hold. */
function codeOf(path: string): string {
  const proseOrString =
    /\/\*[^]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[^]|[^`\\])*`|(?<=[(,=:!&|?]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\//g
  return textOf(path).replace(proseOrString, (piece) => piece.replace(/[^\n]/g, ' '))
}

function importsOf(path: string): Import[] {
  const text = textOf(path)
  const patterns = [
    /^(?:import|export)\s[^;'"]*?\bfrom\s+['"]([^'"]+)['"]/gm,
    /^import\s+['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
    /\bnew URL\(\s*['"](\.[^'"]+\.ts)['"],\s*import\.meta\.url/g
  ]
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => ({ from: path, to: match[1] ?? '' })))
}

/** The name of the npm package that an import asks for, undefined for a file or a module of Node. */
function libraryOf(to: string): string | undefined {
  if (to.startsWith('.') || to.startsWith('node:')) return undefined
  return to
    .split('/')
    .slice(0, to.startsWith('@') ? 2 : 1)
    .join('/')
}

function within(name: string, ...folders: string[]): string[] {
  return sources.filter((path) => folders.some((folder) => path.startsWith(`packages/${name}/${folder}/`)))
}

/** What these folders of a package import from outside of it. */
function importsWithin(name: string, ...folders: string[]): { from: string; library: string }[] {
  return within(name, ...folders)
    .flatMap(importsOf)
    .flatMap(({ from, to }) => {
      const library = libraryOf(to)
      return library === undefined ? [] : [{ from, library }]
    })
}

/** The script that bundles a package, where it has one. */
function textOfBundler(name: string): string {
  const path = `packages/${name}/bundle.ts`
  return files.includes(path) ? textOf(path) : ''
}

function manifestOf(name: string): Record<string, Record<string, string> | undefined> {
  return JSON.parse(textOf(`packages/${name}/package.json`))
}

/** Where `pattern` stands in the code of a file, as path:line word. */
function placesOf(pattern: RegExp, path: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const found = line.match(pattern)
    return found ? [`${path}:${index + 1} ${found[0]}`] : []
  })
}

function none(places: readonly string[], rule: string): void {
  if (places.length > 0) assert.fail(`${rule}:\n  ${places.join('\n  ')}`)
}

test('arrows point inward', () => {
  const strays = packages.flatMap((name) =>
    within(name, 'src', 'test')
      .flatMap(importsOf)
      .filter(({ to }) => {
        const other = /^@pinmesh\/([^/]+)/.exec(to)?.[1]
        return other !== undefined && other !== name && !arrows[name]?.includes(other)
      })
  )
  none(
    strays.map(({ from, to }) => `${from} imports ${to}`),
    'a package imports what lies outside of it'
  )
})

test('packages meet at their doors, not by a path into one another', () => {
  const strays = packages.flatMap((name) =>
    within(name, 'src', 'test')
      .flatMap(importsOf)
      .filter(
        ({ from, to }) => to.startsWith('.') && !normalize(join(dirname(from), to)).startsWith(`packages/${name}/`)
      )
  )
  none(
    strays.map(({ from, to }) => `${from} imports ${to}`),
    'an import leaves its package'
  )
})

test('a package declares what it imports, and tsconfig.json builds what it needs first', () => {
  const shared = JSON.parse(textOf('package.json')).devDependencies
  for (const name of packages) {
    const { dependencies = {}, devDependencies = {} } = manifestOf(name)
    const declared = { ...dependencies, ...devDependencies }
    const missing = [
      ...importsWithin(name, 'src').filter(({ library }) => declared[library] === undefined),
      ...importsWithin(name, 'test').filter(({ library }) => !(library in { ...shared, ...declared }))
    ].filter(({ library }) => library !== `@pinmesh/${name}`)
    none(
      missing.map(({ from, library }) => `${from} imports ${library}`),
      `packages/${name}/package.json does not name it`
    )

    const references: { path: string }[] = JSON.parse(textOf(`packages/${name}/tsconfig.json`)).references
    const needed = Object.keys(declared).filter((library) => library.startsWith('@pinmesh/'))
    assert.deepEqual(
      references.map(({ path }) => `@pinmesh/${basename(path)}`).sort(),
      needed.sort(),
      `tsconfig of ${name}`
    )
  }
})

test('a package declares nothing that it does not import', () => {
  for (const name of packages) {
    const { dependencies = {}, devDependencies = {} } = manifestOf(name)
    // A bundle that leaves a package out needs it beside it, whoever imports it.
    const leftOut = textOfBundler(name)
    const used = (library: string, ...folders: string[]): boolean =>
      importsWithin(name, ...folders).some((one) => one.library === library) || leftOut.includes(`'${library}'`)
    const idle = [
      ...Object.keys(dependencies).filter((library) => !used(library, 'src')),
      ...Object.keys(devDependencies).filter((library) => !used(library, 'src', 'test'))
    ]
    none(idle, `packages/${name}/package.json names what nothing imports`)
  }
})

test('all packages share one version', () => {
  const version: string = JSON.parse(textOf('lerna.json')).version
  for (const name of packages) {
    const manifest = manifestOf(name)
    assert.equal(manifest['version'], version, name)
    for (const [library, range] of Object.entries({ ...manifest['dependencies'], ...manifest['devDependencies'] })) {
      if (library.startsWith('@pinmesh/')) assert.equal(range, version, `${name} needs ${library}`)
    }
  }
})

test('the core decides and touches nothing', () => {
  const core = within('core', 'src')
  none(
    core.flatMap((path) => placesOf(notInCore, path, codeOf(path))),
    'not in the core'
  )
  const strays = core
    .flatMap(importsOf)
    .filter(({ to }) => !to.startsWith('.') && !coreLibraries.includes(libraryOf(to) ?? to))
  none(
    strays.map(({ from, to }) => `${from} imports ${to}`),
    'the core imports only yjs and multiformats'
  )
})

test('every source file is reached from a door of its package', () => {
  for (const name of packages) {
    const doors = Object.values(manifestOf(name)['exports'] ?? {}).map(
      (door: string | { [condition: string]: string }) =>
        join(`packages/${name}`, (typeof door === 'string' ? door : door['@pinmesh/source']) ?? '')
    )
    const queue = [...doors, `packages/${name}/src/main.ts`]
    const reached = new Set<string>()
    for (const path of queue) {
      if (reached.has(path) || !sources.includes(path)) continue
      reached.add(path)
      const next = importsOf(path).filter(({ to }) => to.startsWith('.'))
      queue.push(...next.map(({ from, to }) => normalize(join(dirname(from), to))))
    }
    none(
      within(name, 'src').filter((path) => !reached.has(path)),
      'no door leads to it'
    )
  }
})

test('every file begins by saying why it exists', () => {
  const mute = sources.filter((path) => !/^(?:#!.*\n)?\/[/*]/.test(textOf(path)))
  none(mute, 'it begins without a comment')
})

test('names of files are in kebab-case', () => {
  none(
    sources.filter((path) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test)?\.(?:ts|mjs|js)$/.test(basename(path))),
    'not in kebab-case'
  )
})

test('files stay short enough to be read at one sitting', () => {
  none(
    sources.filter(
      (path) => textOf(path).split('\n').length - 1 > (/(?:^|\/)test\//.test(path) ? testLinesMax : linesMax)
    ),
    `longer than ${linesMax} lines, or ${testLinesMax} in a test`
  )
})

test('no default exports, enums, namespaces or lone tests', () => {
  const unwanted =
    /\bexport default\b|\bexport \{[^}]*\bas default\b|^\s*(?:export )?(?:const |declare )*(?:enum|namespace) \w|\.only\(/
  none(
    sources.flatMap((path) => placesOf(unwanted, path, codeOf(path))),
    'not in this house'
  )
})

test('nothing names a folder of one machine', () => {
  const texts = files.filter((path) => path !== 'package-lock.json')
  none(
    texts.flatMap((path) => placesOf(machinePath, path, textOf(path))),
    'a path of a machine'
  )
})

test('the lock file records no addresses of a registry', () => {
  none(
    placesOf(/"resolved": "[a-z]+:\/\//, 'package-lock.json', textOf('package-lock.json')),
    'npm reads .npmrc in this folder'
  )
})

test('the lock file says what each package.json says', () => {
  const locked = JSON.parse(textOf('package-lock.json')).packages
  for (const folder of ['', ...packages.map((name) => `packages/${name}`)]) {
    const manifest = JSON.parse(textOf(join(folder, 'package.json')))
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      assert.deepEqual(
        locked[folder]?.[kind],
        manifest[kind],
        `${kind} of ${folder || 'the repository'}: run npm install`
      )
    }
  }
})

test('nothing else stands at the top level', () => {
  none(
    [...new Set(files.map((path) => path.split('/')[0] ?? ''))].filter((name) => !topLevel.has(name)),
    'it belongs elsewhere'
  )
})
