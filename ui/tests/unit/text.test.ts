import { describe, expect, it } from 'vitest';
import { ago, bytes, duration, plural, shortDigest, words } from '../../src/lib/format';
import { validate } from '../../src/lib/schema';
import { shown } from '../../src/lib/shown';

describe('names of strangers', () => {
  it('look like what they are', () => {
    expect(shown('invoice\u202efdp.exe')).toBe('invoice\\u202efdp.exe');
    expect(shown('a\nb\x1b[2J')).toBe('a\\nb\\x1b[2J');
    expect(shown('\u{e0001}')).toBe('\\U000e0001');
    expect(shown('été שלום 🎉')).toBe('été שלום 🎉');
  });
});

describe('words and numbers', () => {
  it('say how long ago something was', () => {
    const time = new Date('2026-01-01T00:00:00Z');
    const after = (seconds: number): string => ago(time, time.getTime() + seconds * 1000);
    expect([after(2), after(59), after(3599), after(7200), after(200_000)]).toEqual([
      'now',
      '59 s ago',
      '59 min ago',
      '2 h ago',
      '2 d ago',
    ]);
    expect(after(-5)).toBe('now');
  });

  it('say how long something took', () => {
    expect([null, 0, 0.42, 9.97, 61, 3661].map(duration)).toEqual([
      '–',
      '0 s',
      '0.4 s',
      '10 s',
      '1:01',
      '1:01:01',
    ]);
  });

  it('say sizes, numbers and statuses', () => {
    expect([999, 1500, 25_000_000].map(bytes)).toEqual(['999 B', '1.5 kB', '25 MB']);
    expect(plural(1, 'plan')).toBe('1 plan');
    expect(plural(1204, 'plan')).toBe('1,204 plans');
    expect(words('ready_for_build')).toBe('ready for build');
    expect(shortDigest('sha256:0123456789')).toBe('01234567');
  });
});

describe('settings', () => {
  const schema = {
    type: 'object',
    required: ['dir'],
    properties: {
      dir: { type: 'string', pattern: '^/' },
      size: { type: 'integer', minimum: 1, maximum: 5 },
      more: {
        type: 'object',
        properties: { kind: { type: 'string', enum: ['a', 'b'] } },
      },
    },
  };

  it('point at each value that is refused', () => {
    const wrong = validate(schema, { dir: 'x', size: 9, more: { kind: 'c' } });
    expect(wrong.map(({ pointer }) => pointer)).toEqual(['/dir', '/size', '/more/kind']);
  });

  it('accept good values and ask for required ones', () => {
    expect(validate(schema, { dir: '/x', size: 5 })).toEqual([]);
    expect(validate(schema, {})).toEqual([{ pointer: '/dir', detail: 'is required' }]);
    expect(validate(schema, { dir: '/x', size: 1.5 })).toHaveLength(1);
  });
});
