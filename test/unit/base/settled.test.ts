import { expect, test } from 'vitest';
import { settled } from '../../../src/base/settled.ts';

test('why something did not start is told, also where it could not be undone', async () => {
  const start = async () => {
    try {
      throw new Error('the pods do not run');
    } catch (error) {
      await settled(Promise.reject(new Error('the namespace is still there')));
      throw error;
    }
  };
  await expect(start()).rejects.toThrow('the pods do not run');
});
