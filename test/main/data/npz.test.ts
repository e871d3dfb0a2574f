import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openNpz } from '../../../src-main/data/npz';
import { temporaryFolder } from '../../support/folder';
import { float32, npyBytes, type ZipEntry, zipBytes } from '../../support/npz';

const golden = new URL('../../golden/data/', import.meta.url).pathname;
const ramp = [0, 1, 2, 3, 4, 5];

async function wholeArray(file: string, name: string) {
  const array = (await openNpz(join(golden, file))).arrays.get(name);
  if (array === undefined) throw new Error(`no ${name}`);
  return array.rows(0, array.shape[0] as number);
}

describe('archives written by numpy', () => {
  it.each([
    ['f4', 'float32', ramp.map((v) => Math.fround(v / 3))],
    ['f8', 'float64', ramp.map((v) => v / 3)],
    ['big_f4', 'float32', ramp.map((v) => Math.fround(v / 3))],
    ['big_i2', 'int16', ramp.map((v) => v - 300)],
    ['i1', 'int8', ramp.map((v) => v - 3)],
    ['i2', 'int16', ramp.map((v) => v - 3)],
    ['i4', 'int32', ramp.map((v) => v - 3)],
    ['i8', 'int64', ramp.map((v) => BigInt(v) - 2n ** 40n)],
    ['u1', 'uint8', ramp],
    ['u2', 'uint16', ramp],
    ['u4', 'uint32', ramp.map((v) => v + 2 ** 31)],
    ['u8', 'uint64', ramp.map((v) => BigInt(v) + 2n ** 60n)],
    ['b1', 'bool', [1, 0, 1, 0, 1, 0]],
    // 0, ¼, ½, ¾, 1, 1¼ in binary16
    ['f2', 'float16', [0, 0x3400, 0x3800, 0x3a00, 0x3c00, 0x3d00]],
  ])('%s is read as %s', async (name, dtype, values) => {
    const array = await wholeArray('types.npz', name);
    expect(array.dtype).toBe(dtype);
    expect(array.shape).toEqual([3, 2]);
    expect(Array.from(array.data as ArrayLike<number | bigint>)).toEqual(values);
  });

  it('reads texts, letters outside the basic plane included', async () => {
    expect((await wholeArray('types.npz', 'U')).data).toEqual(['é', '漢字🙂', '']);
    expect((await wholeArray('types.npz', 'S')).data).toEqual(['ab', 'c', '']);
    expect((await wholeArray('stored.npz', 'U')).data).toEqual(['é', '漢字🙂', '']);
  });

  it('reads arrays without elements and of one axis', async () => {
    expect((await wholeArray('types.npz', 'empty')).shape).toEqual([3, 0, 2]);
    expect(Array.from((await wholeArray('types.npz', 'scalars')).data as BigInt64Array)).toEqual([0n, 1n, 2n]);
  });

  it.each(['v1', 'v2', 'v3'])('reads header version %s', async (name) => {
    expect(Array.from((await wholeArray('versions.npz', name)).data as Float32Array)).toEqual(
      ramp.map((v) => Math.fround(v / 3)),
    );
  });

  it('refuses Fortran order and says what to save instead', async () => {
    await expect(openNpz(join(golden, 'fortran.npz'))).rejects.toThrow(
      'fortran.npz array "x": is in Fortran order (first axis fastest); save numpy.ascontiguousarray(array) instead',
    );
  });

  it.each(['types.npz', 'stored.npz'])('reads rows of %s in any order', async (file) => {
    const array = (await openNpz(join(golden, file))).arrays.get('f4');
    const row = async (at: number) => Array.from((await array?.rows(at, 1))?.data as Float32Array);
    expect(await row(2)).toEqual([Math.fround(4 / 3), Math.fround(5 / 3)]);
    expect(await row(0)).toEqual([0, Math.fround(1 / 3)]);
    expect(await row(1)).toEqual([Math.fround(2 / 3), 1]);
  });
});

describe('damaged and hostile archives', () => {
  const content = npyBytes(float32([3, 2], ramp));
  async function refusal(entries: readonly ZipEntry[], mend?: (bytes: Uint8Array) => Uint8Array): Promise<string> {
    const path = join(temporaryFolder(), 'test.npz');
    const bytes = zipBytes(entries);
    writeFileSync(path, mend === undefined ? bytes : mend(bytes));
    try {
      const array = (await openNpz(path)).arrays.get('x');
      await array?.rows(0, array.shape[0] as number);
    } catch (error) {
      expect((error as Error).name).toBe('LatheError');
      return (error as Error).message;
    }
    return 'was read';
  }

  it('reads the honest file that the lies below are made from', async () => {
    expect(await refusal([{ name: 'x.npy', content, deflate: true }])).toBe('was read');
  });

  it('refuses a file cut at any byte', async () => {
    const whole = zipBytes([{ name: 'x.npy', content, deflate: true }]).length;
    for (let length = 0; length < whole; length += 7)
      expect(await refusal([{ name: 'x.npy', content, deflate: true }], (bytes) => bytes.slice(0, length))).toMatch(
        /^test\.npz/,
      );
  });

  it('says that a file which is no archive was damaged', async () => {
    expect(await refusal([], () => Buffer.from('not a zip at all, but long enough to hold an end'))).toBe(
      'test.npz: has no directory of its members at its end; it is damaged or cut short: make it again with numpy.savez or numpy.savez_compressed',
    );
  });

  it.each([
    ['a giant size', { size: 0xfffffff0 }, /needs 24 bytes, 4294967\d+ are there/],
    ['a size too small', { size: content.length - 4 }, /unpacks to more than the 148 bytes/],
    ['packed bytes behind the end', { packedSize: 0x7fffffff }, /reaches behind the end/],
    ['a wrong checksum', { crc: 1 }, /does not match its checksum/],
    ['an unknown method', { method: 12 }, /packed by method 12/],
    ['encryption', { flags: 1 }, /is encrypted/],
  ])('refuses %s', async (_, lie, message) => {
    expect(await refusal([{ name: 'x.npy', content, deflate: true, lie }])).toMatch(message);
  });

  it('stops unpacking where a bomb grows past its stated size', async () => {
    const bomb = Buffer.concat([content, Buffer.alloc(64 << 20)]);
    const message = await refusal([{ name: 'x.npy', content: bomb, deflate: true, lie: { size: content.length } }]);
    expect(message).toMatch(/unpacks to more than the 152 bytes that it states/);
  });

  it('takes path names for mere names: nothing is written', async () => {
    const path = join(temporaryFolder(), 'test.npz');
    writeFileSync(path, zipBytes([{ name: '../../etc/x.npy', content }]));
    expect([...(await openNpz(path)).arrays.keys()]).toEqual(['../../etc/x']);
  });

  it('refuses two members of one name, and a directory of a million lies', async () => {
    expect(
      await refusal([
        { name: 'x.npy', content },
        { name: 'x.npy', content },
      ]),
    ).toMatch(/two members called "x\.npy"/);
    const overstated = (bytes: Uint8Array): Uint8Array => {
      new DataView(bytes.buffer, bytes.byteOffset).setUint16(bytes.length - 12, 0xfffe, true);
      return bytes;
    };
    expect(await refusal([{ name: 'x.npy', content }], overstated)).toMatch(/directory breaks off/);
  });

  const header = (descr: string, shape: string) => {
    const text = `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`;
    return Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0]), Buffer.from(text)]);
  };
  it.each([
    ["'|O'", '(3,)', /holds Python objects/],
    ["'<c8'", '(3,)', /dtype "<c8"/],
    ["[('a', '<f4')]", '(3,)', /structured array/],
    ["'<f4'", '(99999999999, 99999999999)', /states shape/],
    ["'<f4'", '(1000000000, 1000)', /needs 4000000000000 bytes, 0 are there/],
  ])('refuses a header with %s %s', async (descr, shape, message) => {
    expect(await refusal([{ name: 'x.npy', content: header(descr, shape) }])).toMatch(message);
  });
});
