#!/usr/bin/env node
// Started by the script `vic-machine-linux` that a sandbox writes; not a command of its own.
require('./load.js')().vicMachineStandIn();
