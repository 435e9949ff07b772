// The core of the suite with five peers that have nothing but TCP.
import { coreSuite } from './core-suite.ts'

coreSuite('over TCP alone', { peers: 5, carriers: ['tcp'] })
