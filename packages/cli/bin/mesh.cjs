#!/usr/bin/env node
// The door of the mesh command: finds a Node that is new enough and the code to run on it. Whatever Node the machine has
// reads this file first, so it is written in the JavaScript that versions from 12 on understand, and as a CommonJS module:
// the loader of the others costs every command 10 ms. What is preferred: the bundle that `npm run build` makes, then the
// compiled files, then, in a clone, the source.
const { existsSync } = require('fs')
const { enableCompileCache } = require('module')
const { dirname, join } = require('path')

const nodeMajorMin = 22
const here = __dirname
const onWindows = process.platform === 'win32'
const bundle = join(here, '..', 'dist', 'bundle', 'main.js')
const compiled = join(here, '..', 'dist', 'src', 'main.js')
const source = join(here, '..', 'src', 'main.ts')
const built = [bundle, compiled].find(existsSync)
const isNew = Number(process.versions.node.split('.')[0]) >= nodeMajorMin
const fromSource = built === undefined
const hasCondition = process.execArgv.indexOf('--conditions=@pinmesh/source') !== -1

if (isNew && (!fromSource || hasCondition)) start()
else {
  const node = isNew ? process.execPath : ownNode()
  if (node === undefined) refuse()
  else startAgain(node)
}

function start() {
  if (process.env.PINMESH_DOOR === '1') dieWithTheDoor()
  if (enableCompileCache !== undefined) enableCompileCache()
  if (built === bundle) require(bundle)
  else void import(require('url').pathToFileURL(fromSource ? source : compiled).href)
}

/** The Node that the registry brought, in the folder of this file or in one above it. */
function ownNode() {
  const platform = onWindows ? 'win' : process.platform
  for (let folder = here; ; folder = dirname(folder)) {
    const found = join(
      folder,
      'node_modules',
      'node-' + platform + '-' + process.arch,
      'bin',
      onWindows ? 'node.exe' : 'node'
    )
    if (existsSync(found)) return found
    if (dirname(folder) === folder) return undefined
  }
}

function startAgain(node) {
  const { spawn } = require('child_process')
  const conditions = fromSource ? ['--conditions=@pinmesh/source'] : []
  const child = spawn(node, conditions.concat(__filename, process.argv.slice(2)), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: Object.assign({}, process.env, { PINMESH_DOOR: '1' })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', refuse)
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 130
  })
}

/** If the door is killed, so is the room: nobody who kills `mesh` means to leave a peer running. */
function dieWithTheDoor() {
  delete process.env.PINMESH_DOOR
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel.unref()
}

function refuse() {
  const error = {
    code: 'MESH_NODE_TOO_OLD',
    message: 'mesh needs Node ' + nodeMajorMin + ' or newer; this is ' + process.version + '.',
    remedy: 'Install a current Node.'
  }
  console.error('mesh: ' + error.message + ' (' + error.code + ')\n  ' + error.remedy)
  if (process.argv.indexOf('--json') !== -1) console.log(JSON.stringify({ error: error }))
  process.exitCode = 1
}
