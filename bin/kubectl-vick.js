#!/usr/bin/env node
// Syntax that every Node understands, so that an old one reaches the message instead of a syntax error.
var version = process.versions.node.split('.').map(Number);
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  process.stderr.write('error: kubectl-vick needs Node.js 20.19 or newer; this is ' + process.version + ' (' + process.execPath + ')\n');
  process.exit(1);
}

require('./load.js')().vick();
