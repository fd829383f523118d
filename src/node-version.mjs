// Plain JavaScript, because an old Node must be able to read it: it is loaded before anything in TypeScript.
const [major] = process.versions.node.split('.');

if (Number(major) < 26) {
  process.stderr.write(
    `This needs Node 26, and this is ${process.version} (${process.execPath}). "npm ci" installs one beside the ` +
      'project, which "npm start", "npm test" and "npm run …" find by themselves; it needs its install script, so not ' +
      'with --ignore-scripts.\n',
  );
  process.exit(1);
}
