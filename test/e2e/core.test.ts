// The core of the suite as peers run by default.
import { coreSuite } from './core-suite.ts'

coreSuite('with gossip', { peers: 3 })
