/** The three streams of a shell: documents and tables to stdout, progress and messages to stderr. */

import type { Progress, TrainingProgress } from '../../contract';
import { formatSeconds } from './format';

export interface Terminal {
  /** Text for stdout, written at once and whole: a call that fails before has written nothing. */
  print(text: string): void;
  /** One document on stdout. */
  printJson(document: unknown): void;
  /** A sentence on stderr. */
  say(text: string): void;
  progress(progress: Progress): void;
  /** Takes the bar away. */
  endProgress(): void;
}

const barCells = 24;
const plainEveryMs = 2_000;

/** A bar on a terminal, plain lines otherwise. */
export function openTerminal(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Terminal {
  const bar = stderr.isTTY === true;
  let barShown = false;
  let lastLine = '';
  let lastAt = 0;
  const clear = (): void => {
    if (barShown) stderr.write('\r\x1b[2K');
    barShown = false;
  };
  return {
    print: (text) => {
      clear();
      stdout.write(`${text}\n`);
    },
    printJson: (document) => {
      clear();
      stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    },
    say: (text) => {
      clear();
      stderr.write(`${text}\n`);
    },
    progress: (progress) => {
      if (bar) {
        stderr.write(`\r\x1b[2K${barLine(progress, stderr.columns || 80)}`);
        barShown = true;
        return;
      }
      // A new phase is always told; within a phase a log needs a line now and then.
      const line = plainLine(progress);
      const now = Date.now();
      const phaseIsNew = !lastLine.startsWith(progress.phase);
      if (line === lastLine || (!phaseIsNew && now - lastAt < plainEveryMs)) return;
      lastLine = line;
      lastAt = now;
      stderr.write(`${line}\n`);
    },
    endProgress: clear,
  };
}

/** `Calibrating ██████░░░░  42 %  54 of 128 samples`, cut to the terminal's width. */
export function barLine({ phase, fraction, detail, training }: Progress, columns: number): string {
  const told = training === undefined ? detail : trainingText(training);
  const tail = told === undefined ? '' : `  ${told}`;
  if (fraction === null) return `${phase} …${tail}`.slice(0, columns - 1);
  const full = Math.round(fraction * barCells);
  const cells = '█'.repeat(full) + '░'.repeat(barCells - full);
  return `${cells} ${percent(fraction).padStart(5)}  ${phase}${tail}`.slice(0, columns - 1);
}

function plainLine({ phase, fraction, detail, training }: Progress): string {
  const told = training === undefined ? detail : trainingText(training);
  const share = fraction === null ? '' : ` ${percent(fraction)}`;
  return `${phase}${share}${told === undefined ? '' : `: ${told}`}`;
}

/** What the screen draws, in a line: `epoch 3 of 10, loss 0.1234, …`. */
export function trainingText(training: TrainingProgress): string {
  const { epoch, epochs, loss, learningRate, samplesPerSecond, secondsLeft, best } = training;
  return [
    `epoch ${epoch} of ${epochs}`,
    `loss ${loss.toPrecision(4)}`,
    `best validation loss ${best.validation?.toPrecision(4) ?? 'not a number'} (${percent(best.accuracy)} right) after epoch ${best.epoch}`,
    `learning rate ${learningRate.toPrecision(3)}`,
    `${Math.round(samplesPerSecond)} samples/s`,
    ...(secondsLeft === null ? [] : [`${formatSeconds(secondsLeft)} left`]),
  ].join(', ');
}

function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`;
}
