/** What a person can choose from, as data: it draws the forms and makes `lathe methods`. */

import type { MethodList } from '../contract';
import { stepKindList } from './steps';

export function methodList(): MethodList {
  return stepKindList.map(({ kind, title, defaultMethod, methods }) => ({
    kind,
    title,
    defaultMethod,
    methods: methods.map(({ name, title, help, source, data, options }) => ({
      name,
      title,
      help,
      source,
      data,
      // A copy: specs cross borders as plain data.
      options: structuredClone(options) as MethodList[number]['methods'][number]['options'],
    })),
  }));
}
