const [major] = process.versions.node.split('.');

/** Ends the process with one clear sentence where Node is too old. Imported first by every entry point. */
if (Number(major) < 26) {
  process.stderr.write(
    `This needs Node 26, and this is ${process.version} (${process.execPath}). "npm ci" installs one beside the ` +
      'project, which "npm start", "npm test" and "npm run …" find by themselves.\n',
  );
  process.exit(1);
}
