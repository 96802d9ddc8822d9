import { expect, test, vi } from 'vitest';
import { change, Failure, session, signOut, trays } from './server';

function answering(status: number, body: string, type = 'application/json') {
  const fetch = vi.fn(() => Promise.resolve(new Response(body, { status, headers: { 'Content-Type': type } })));
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

test('a refusal arrives as its code, its faults and the reference to read out', async () => {
  const fault = { field: 'size', code: 'missing' };
  answering(422, JSON.stringify({ code: 'faults', status: 422, faults: [fault], reference: 'R-7' }), 'application/problem+json');
  const failure = await change('r', []).catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(Failure);
  expect(failure).toMatchObject({ code: 'faults', status: 422, faults: [fault], reference: 'R-7' });
});

test('silence and a page of somebody else are told apart', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
  await expect(trays()).rejects.toMatchObject({ code: 'unreachable' });
  answering(200, '<html>Welcome to the hotel</html>', 'text/html');
  await expect(trays()).rejects.toMatchObject({ code: 'unexpected_reply' });
});

test('what changes something carries the token that the session gave, what reads does not', async () => {
  const opening = answering(200, JSON.stringify({ csrf: 'token-1' }));
  await session();
  expect(headersOf(opening)).not.toHaveProperty('Kerbside-Csrf');
  const closing = answering(200, '');
  await signOut();
  expect(headersOf(closing)).toHaveProperty('Kerbside-Csrf', 'token-1');
});

function headersOf(fetch: ReturnType<typeof answering>): unknown {
  const [, init] = fetch.mock.calls[0] as unknown as [string, RequestInit];
  return init.headers;
}
