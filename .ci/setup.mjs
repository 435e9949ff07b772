// Brings node_modules in step with package-lock.json before an npm script runs, and does nothing when it already is.
// It runs on whatever Node the machine has: plain JavaScript, no packages. What comes after it runs on the Node 24
// that the installation itself brings (see optionalDependencies in package.json).
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const ownNode = `${root}node_modules/.bin/node${process.platform === 'win32' ? '.cmd' : ''}`
const nodeMajor = 24

if (!isCurrent()) install()
checkNode()

/** npm writes the inner lock last, so it also tells a finished installation from a broken-off one. */
function isCurrent() {
  const inner = `${root}node_modules/.package-lock.json`
  if (!existsSync(inner)) return false
  const wanted = packagesOf(`${root}package-lock.json`)
  const present = packagesOf(inner)
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true
    if (entry.link) return existsSync(`${root}${path}`)
    const found = present[path]
    return found ? found.version === entry.version && found.integrity === entry.integrity : entry.optional === true
  })
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages
}

/**
 * No install scripts: the native parts (LevelDB, esbuild) come as finished files inside their packages. And not npm ci:
 * it refuses a lock that lacks the optional parts of platforms for which a registry has no file. This one keeps to the
 * lock as well, and leaves it as it is.
 */
function install() {
  console.log('Installing the packages of package-lock.json')
  const npm = process.env.npm_execpath
  const flags = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const options = { cwd: root, stdio: 'inherit' }
  const result = npm
    ? spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...flags], options)
    : spawnSync('npm', flags, { ...options, shell: process.platform === 'win32' })
  if (result.status !== 0) process.exit(result.status ?? 1)
}

function checkNode() {
  if (existsSync(ownNode)) {
    const answer = spawnSync(ownNode, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' })
    if (answer.status === 0) return
    console.error(`The Node that the registry offers does not run here: ${answer.stderr || answer.error}`)
    process.exit(1)
  }
  if (Number(process.versions.node.split('.')[0]) >= nodeMajor) return
  console.error(
    `The registry has no Node ${nodeMajor} for ${process.platform}-${process.arch}: install one and try again.`
  )
  process.exit(1)
}
