/**
 * The k6 that is installed when none is found: one version, so that figures of two machines differ by the machine.
 *
 * The digests are those of the official release files as several unrelated public projects pin them. They are checked
 * before anything is unpacked; a file that differs is refused.
 */
export const K6_VERSION = '2.2.0';

export interface K6Release {
  readonly url: string;
  readonly sha256: string;
  /** Path of the program inside the archive. */
  readonly member: string;
}

const archives: Readonly<Record<string, { file: string; sha256: string }>> = {
  'linux-x64': {
    file: 'linux-amd64.tar.gz',
    sha256: 'b5a8003c86f35f5cd5ceef1490312c48e587696c94d998cefc6d7b3b4cb1597d',
  },
  'linux-arm64': {
    file: 'linux-arm64.tar.gz',
    sha256: '4ecd64cadcc792402d16293836115480419c4447c032858f564852d98f1bf54c',
  },
  'darwin-x64': {
    file: 'macos-amd64.zip',
    sha256: '45a08590511c8a6a9c6331645e60c41624924e848e29472e87c60ac956d50372',
  },
  'darwin-arm64': {
    file: 'macos-arm64.zip',
    sha256: '37a028506bf13578de66c906296803775df28cc2504b1a8c5d786b2803e757c7',
  },
};

/** The official release for a platform as Node names it; undefined where none is known. */
export function releaseFor(platform: string, arch: string): K6Release | undefined {
  const archive = archives[`${platform}-${arch}`];
  if (archive === undefined) return undefined;
  const base = `k6-v${K6_VERSION}-${archive.file}`;
  return {
    url: `https://github.com/grafana/k6/releases/download/v${K6_VERSION}/${base}`,
    sha256: archive.sha256,
    member: `${base.replace(/\.(?:tar\.gz|zip)$/u, '')}/k6`,
  };
}
