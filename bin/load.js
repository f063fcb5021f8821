// Loads the program with the machine code that an earlier start compiled: Node keeps it itself from 22.1 on; for older
// ones the build left it beside the program. V8 checks that it fits and compiles anew where it does not.
var fs = require('node:fs');
var Module = require('node:module');
var path = require('node:path');
var url = require('node:url');
var vm = require('node:vm');

module.exports = function load() {
  var file = path.join(__dirname, '..', 'dist', 'main.cjs');
  if (Module.enableCompileCache) Module.enableCompileCache();
  var compiled = Module.enableCompileCache ? undefined : read(file + '.cache');
  if (compiled === undefined) return require(file);
  var script = new vm.Script(Module.wrap(fs.readFileSync(file, 'utf8')), { filename: file, cachedData: compiled });
  var loaded = { exports: {}, lazyImport: lazyImport };
  script.runInThisContext().call(loaded.exports, loaded.exports, Module.createRequire(file), loaded, file, path.dirname(file));
  return loaded.exports;
};

/** `./lazy/x.js` beside the program, or a module of Node's own. */
function lazyImport(name) {
  return import(name.startsWith('.') ? url.pathToFileURL(path.join(__dirname, '..', 'dist', name)).href : name);
}

function read(file) {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    return undefined;
  }
}
