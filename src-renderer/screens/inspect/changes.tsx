import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { DiffReport, NodeChange, WeightChange } from '../../../src-main/contract';
import { go } from '../../app/navigation';
import { Asked } from '../../components/asked';
import { Empty } from '../../components/empty';
import { Figure, Figures } from '../../components/figure';
import { bytes, integer, missing, percent, quantity } from '../../components/format';
import { LongTable } from '../../components/long-table';
import { Panel } from '../../components/panel';
import { type Column, SortableTable } from '../../components/sortable-table';
import { useAsked } from '../../studio/answers';
import { lookInto } from '../../studio/selection';
import { useProject } from '../../studio/store';
import type { Subject } from './subject';

/** What a variant differs in from the original. */
export function Changes({ subject }: { subject: Subject }) {
  const { t } = useTranslation();
  const { model, variants } = useProject();
  const newest = variants.at(-1)?.variant;
  if (subject.variant === null)
    return (
      <Empty icon="copy" text={t(newest === undefined ? 'inside.noVariants' : 'inside.chooseVariant')}>
        {newest === undefined ? (
          <Button onClick={() => go('recipe')}>{t('inside.toRecipe')}</Button>
        ) : (
          <Button onClick={() => lookInto({ variant: newest.id })}>{newest.name}</Button>
        )}
      </Empty>
    );
  return subject.path === null ? null : <Difference before={model.path} after={subject.path} />;
}

function Difference({ before, after }: { before: string; after: string }) {
  const { t } = useTranslation();
  const params = useMemo(() => ({ before, after }), [before, after]);
  const asked = useAsked('diff', params);
  return (
    <Asked {...asked} label={t('inside.diffLabel')}>
      {(report) => <Report report={report} />}
    </Asked>
  );
}

function Report({ report }: { report: DiffReport }) {
  const { t } = useTranslation();
  const { before, after } = report;
  return (
    <Stack gap="md">
      <Panel title={t('inside.changes')} note={report.interface.join(' · ') || t('inside.sameInterface')}>
        <Figures>
          <Figure label={t('inside.weights')} value={`${bytes(before.weightBytes)} → ${bytes(after.weightBytes)}`} />
          <Figure
            label={t('inspect.parameters')}
            value={`${quantity(before.parameters)} → ${quantity(after.parameters)}`}
          />
          <Figure label={t('inspect.nodes')} value={`${integer(before.nodes)} → ${integer(after.nodes)}`} />
          <Figure label={t('inside.same')} value={integer(report.same)} />
          <Figure label={t('inside.changed')} value={integer(report.changed.length)} />
          {report.replaced.length > 0 && (
            <Figure
              label={t('inside.replaced')}
              value={integer(report.replaced.length)}
              help={t('inside.replacedHelp')}
            />
          )}
          <Figure label={t('inside.removed')} value={integer(report.removed.length)} />
          <Figure label={t('inside.added')} value={integer(report.added.length)} />
        </Figures>
      </Panel>
      {(report.ops.length > 0 || report.carriers.length > 0) && (
        <Panel title={t('inside.changesByOp')} note={carriersText(report, t)}>
          <OpTable report={report} />
        </Panel>
      )}
      {report.weights.length > 0 && (
        <Panel title={t('inside.changedWeights')} note={t('inside.weightsNote')}>
          <WeightTable weights={report.weights} />
        </Panel>
      )}
      {(report.ops.length > 0 || report.replaced.length > 0) && (
        <Panel title={t('inside.changedNodes')} note={t('inside.changedNote')}>
          <NodeTable report={report} />
        </Panel>
      )}
      {isSame(report) && <Empty icon="check" text={t('inside.noChange')} />}
    </Stack>
  );
}

function isSame({ ops, carriers, replaced, weights }: DiffReport): boolean {
  return [ops, carriers, replaced, weights].every(({ length }) => length === 0);
}

/** `36 QuantizeLinear added`: they are not among the nodes that changed. */
function carriersText({ carriers }: DiffReport, t: TFunction): string {
  return carriers
    .flatMap(({ op, removed, added }) => [
      removed > 0 && t('inside.carriersGone', { count: integer(removed), op }),
      added > 0 && t('inside.carriersNew', { count: integer(added), op }),
    ])
    .filter((part) => part !== false)
    .join(' · ');
}

const count = (value: number): string => (value === 0 ? missing : integer(value));

function OpTable({ report }: { report: DiffReport }) {
  const { t } = useTranslation();
  const columns = useMemo<Column<DiffReport['ops'][number]>[]>(
    () => [
      { key: 'op', title: t('inspect.op'), sortBy: (row) => row.op, render: (row) => row.op, width: '40%' },
      ...(['removed', 'added', 'changed'] as const).map(
        (kind): Column<DiffReport['ops'][number]> => ({
          key: kind,
          title: t(`inside.${kind}`),
          align: 'right',
          first: 'descending',
          sortBy: (row) => row[kind],
          render: (row) => count(row[kind]),
        }),
      ),
    ],
    [t],
  );
  return <SortableTable label={t('inside.changesByOp')} columns={columns} rows={report.ops} rowKey={({ op }) => op} />;
}

function WeightTable({ weights }: { weights: readonly WeightChange[] }) {
  const { t } = useTranslation();
  const columns = useMemo<Column<WeightChange>[]>(() => {
    const figure = { align: 'right', first: 'descending' } as const;
    return [
      { key: 'name', title: t('inside.weight'), sortBy: (row) => row.name, render: (row) => <Code text={row.name} /> },
      {
        key: 'before',
        title: t('inside.before'),
        sortBy: (row) => row.before,
        render: (row) => <Code text={row.before} />,
      },
      {
        key: 'after',
        title: t('inside.after'),
        sortBy: (row) => row.after,
        render: (row) => <Code text={row.after} />,
      },
      {
        ...figure,
        key: 'zeros',
        title: t('inside.zeros'),
        help: t('inside.zerosHelp'),
        sortBy: (row) => row.zeros?.after ?? null,
        render: ({ zeros }) => (zeros === null ? missing : `${percent(zeros.before)} → ${percent(zeros.after)}`),
      },
      {
        ...figure,
        key: 'distance',
        title: t('inside.moved'),
        help: t('inside.movedHelp'),
        sortBy: (row) => row.distance,
        render: ({ distance }) => (distance === null ? missing : percent(distance)),
      },
    ];
  }, [t]);
  return (
    <LongTable
      label={t('inside.changedWeights')}
      columns={columns}
      rows={weights}
      rowKey={({ name, before }) => `${name} ${before === null}`}
      textOf={({ name, before, after }) => [name, before, after].join(' ')}
    />
  );
}

interface NodeDifference {
  readonly key: string;
  readonly kind: 'changed' | 'replaced' | 'removed' | 'added';
  readonly op: string;
  readonly name: string;
  readonly changes: NodeChange['changes'];
  /** Of a replacement: what stands where what was. */
  readonly text?: string;
}

const kindColors = { changed: 'blue', replaced: 'violet', removed: 'red', added: 'teal' } as const;

function NodeTable({ report }: { report: DiffReport }) {
  const { t } = useTranslation();
  const rows = useMemo(() => nodeDifferences(report), [report]);
  const columns = useMemo<Column<NodeDifference>[]>(
    () => [
      {
        key: 'kind',
        title: t('inside.kind'),
        sortBy: (row) => row.kind,
        render: ({ kind }) => (
          <Badge size="sm" variant="light" color={kindColors[kind]}>
            {t(`inside.${kind}`)}
          </Badge>
        ),
      },
      { key: 'op', title: t('inspect.op'), sortBy: (row) => row.op, render: (row) => row.op },
      { key: 'name', title: t('inside.node'), sortBy: (row) => row.name, render: (row) => <Code text={row.name} /> },
      {
        key: 'changes',
        title: t('inside.what'),
        render: ({ text, changes }) => (text === undefined ? <ChangeList changes={changes} /> : <Code text={text} />),
      },
    ],
    [t],
  );
  return (
    <LongTable
      label={t('inside.changedNodes')}
      columns={columns}
      rows={rows}
      rowKey={({ key }) => key}
      textOf={(row) =>
        [t(`inside.${row.kind}`), row.op, row.name, row.text, ...row.changes.map(({ after }) => after)].join(' ')
      }
      leftOut={report.leftOut}
    />
  );
}

function nodeDifferences({ changed, replaced, removed, added }: DiffReport): NodeDifference[] {
  return [
    ...changed.map((node) => ({ ...node, kind: 'changed' as const })),
    ...replaced.map(({ after, text }) => ({ ...lastOf(after), kind: 'replaced' as const, changes: [], text })),
    ...removed.map((node) => ({ ...node, kind: 'removed' as const, changes: [] })),
    ...added.map((node) => ({ ...node, kind: 'added' as const, changes: [] })),
  ].map((row) => ({ ...row, key: `${row.kind} ${row.name}` }));
}

/** The node that gives the result of a replacement, in the order of the graph. */
const lastOf = (nodes: DiffReport['added']): DiffReport['added'][number] => nodes.at(-1) ?? { name: '', op: '' };

function ChangeList({ changes }: { changes: NodeChange['changes'] }) {
  const { t } = useTranslation();
  return (
    <Stack gap={2}>
      {changes.map(({ of, name, before, after }) => (
        <Group key={`${of} ${name}`} gap={6} wrap="nowrap" align="baseline">
          <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
            {t(`inside.change.${of}`, { name })}
          </Text>
          {/* What had its own type needs no dash for it. */}
          <Code text={of === 'precision' && before === null ? after : `${before ?? missing} → ${after ?? missing}`} />
        </Group>
      ))}
    </Stack>
  );
}

function Code({ text }: { text: string | null }) {
  return (
    <Text ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
      {text ?? missing}
    </Text>
  );
}
