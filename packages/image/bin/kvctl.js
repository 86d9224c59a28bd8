import '../node_modules/@quintet/cli/bin/kvctl.js';
