import { Stack, Text, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Conditions, Evaluation } from '../../src-main/contract';
import { Figure, Figures } from './figure';
import { bytes, integer, interval, metric, milliseconds, missing, number, percent, rate } from './format';
import { useMetricName } from './metric-name';

/** Every figure of one Evaluation, with the conditions that it was measured under. */
export function EvaluationFigures({ evaluation }: { evaluation: Evaluation }) {
  const { t } = useTranslation();
  const metricName = useMetricName();
  const { latencyMs, fidelity } = evaluation;
  return (
    <Stack gap="sm">
      <Figures>
        {Object.entries(evaluation.metrics).map(([name, value]) => (
          <Figure
            key={name}
            label={metricName(name, value.title)}
            value={metric(value.value, value.unit)}
            note={t('evaluation.interval', { interval: interval(value.ci95, value.unit) })}
          />
        ))}
        {fidelity !== null && (
          <>
            {fidelity.agreement !== null && (
              <Figure
                label={t('evaluation.agreement')}
                value={percent(fidelity.agreement)}
                help={t('evaluation.agreementHelp')}
              />
            )}
            <Figure
              label={t('evaluation.cosine')}
              value={number(fidelity.cosineMean, 4)}
              note={t('evaluation.least', { value: number(fidelity.cosineMin, 4) })}
            />
            {fidelity.sqnrDb !== null && (
              <Figure label={t('evaluation.sqnr')} value={`${number(fidelity.sqnrDb)}\u00a0dB`} />
            )}
          </>
        )}
      </Figures>
      <Figures>
        <Figure
          label={t('evaluation.latency')}
          value={milliseconds(latencyMs.p50)}
          note={t('evaluation.percentiles', { p90: milliseconds(latencyMs.p90), p99: milliseconds(latencyMs.p99) })}
          help={t('evaluation.latencyHelp')}
        />
        {evaluation.baselineLatencyMs !== null && (
          <Figure
            label={t('evaluation.baselineInTurn')}
            value={milliseconds(evaluation.baselineLatencyMs.p50)}
            help={t('evaluation.baselineInTurnHelp')}
          />
        )}
        <Figure label={t('evaluation.throughput')} value={rate(evaluation.throughput)} />
        <Figure
          label={t('evaluation.size')}
          value={bytes(evaluation.bytes)}
          note={t('evaluation.deflated', { bytes: bytes(evaluation.deflatedBytes) })}
        />
        <Figure
          label={t('evaluation.memory')}
          value={evaluation.peakRssBytes === null ? missing : bytes(evaluation.peakRssBytes)}
          help={t('evaluation.memoryHelp')}
        />
        <Figure label={t('evaluation.samples')} value={integer(evaluation.samples)} />
      </Figures>
      <ConditionsLabel conditions={evaluation.conditions} />
    </Stack>
  );
}

/** What a latency means nothing without. */
export function ConditionsLabel({ conditions }: { conditions: Conditions }) {
  const { t } = useTranslation();
  const { cpu, features, threads, batch, runs, runtime, host } = conditions;
  return (
    <Text size="xs" c="dimmed" className="figures">
      {features.length === 0 ? (
        cpu
      ) : (
        <Tooltip label={features.join(' ')} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
          <Text span inherit td="underline dotted" tabIndex={0}>
            {cpu}
          </Text>
        </Tooltip>
      )}
      {' · '}
      {[
        t('evaluation.threads', { count: threads }),
        t('evaluation.batch', { count: batch }),
        t('evaluation.runs', { count: runs }),
        runtime,
        host,
      ].join(' · ')}
    </Text>
  );
}
