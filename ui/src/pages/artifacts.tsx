import { useQuery } from '@tanstack/preact-query';
import { archiveUrl, artifactUrl, listArtifacts } from '../lib/builds';
import { bytes, shortDigest } from '../lib/format';
import { shown } from '../lib/shown';

interface ArtifactsProps {
  buildId: number;
  /** Of a plan that left wheels. */
  indexUrl?: string | null;
}

/** What a build produced, ready to be fetched or installed. */
export function Artifacts({ buildId, indexUrl }: ArtifactsProps) {
  const artifacts = useQuery({
    queryKey: ['build', buildId, 'artifacts'],
    queryFn: ({ signal }) => listArtifacts(buildId, signal),
  });
  if (!artifacts.data || artifacts.data.length === 0) return null;
  return (
    <section class="card artifacts">
      <h2>Artifacts</h2>
      <ul>
        {artifacts.data.map((artifact) => (
          <li key={`${artifact.job}/${artifact.name}`}>
            <a href={artifactUrl(artifact)} download={artifact.name.split('/').at(-1)}>
              {shown(artifact.name)}
            </a>{' '}
            <span class="muted">
              {bytes(artifact.size)} · from {artifact.job} ·{' '}
              <code>{shortDigest(artifact.digest)}</code>
            </span>
          </li>
        ))}
      </ul>
      <p>
        All of them: <a href={archiveUrl(buildId, 'zip')}>zip</a>{' '}
        <a href={archiveUrl(buildId, 'tar')}>tar</a>
      </p>
      {indexUrl && (
        <p>
          Install them:{' '}
          <code>
            pip install --index-url {location.origin}
            {indexUrl} PROJECT
          </code>
        </p>
      )}
    </section>
  );
}
