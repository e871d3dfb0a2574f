import { Code, Stack, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Variant } from '../../../src-main/contract';
import { bytes, moment, seconds } from '../../components/format';
import { PathText } from '../../components/path-browser';

/** What it was made from and with: enough to make it again. */
export function Lineage({ variant }: { variant: Variant }) {
  const { t, i18n } = useTranslation();
  const { source, data, versions, model } = variant;
  const rows: [string, React.ReactNode][] = [
    [t('lineage.made'), `${moment(variant.createdAt, i18n.language)} · ${seconds(variant.seconds)}`],
    [t('lineage.source'), <Hashed key="source" path={source.path} hash={source.sha256} />],
    [t('lineage.data'), data === null ? t('lineage.noData') : <Hashed key="data" path={data.path} hash={data.hash} />],
    [t('lineage.file'), <Hashed key="file" path={`${model.path} (${bytes(model.bytes)})`} hash={model.sha256} />],
    [t('lineage.seed'), variant.seed],
    ...(variant.peakRssBytes === null
      ? []
      : [[t('lineage.memory'), bytes(variant.peakRssBytes)] satisfies [string, React.ReactNode]]),
    [t('lineage.versions'), `Lathe ${versions.lathe} · onnxruntime ${versions.onnxruntime} · ${versions.host}`],
    [t('lineage.cpu'), versions.cpu],
  ];
  return (
    <Stack gap="md">
      <Table aria-label={t('details.lineage')} fz="sm" verticalSpacing={4}>
        <Table.Tbody>
          {rows.map(([label, value]) => (
            <Table.Tr key={label}>
              <Table.Th scope="row" w={120} fw={500}>
                {label}
              </Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {variant.recipe !== null && (
        <Code block fz="xs" tabIndex={0} aria-label={t('recipe.json')}>
          {JSON.stringify(variant.recipe, null, 2)}
        </Code>
      )}
    </Stack>
  );
}

function Hashed({ path, hash }: { path: string; hash: string }) {
  return (
    <>
      <PathText path={path} />
      <Text size="xs" c="dimmed" ff="monospace">
        sha256 {hash.slice(0, 16)}…
      </Text>
    </>
  );
}
