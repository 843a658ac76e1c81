import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { piecesOf } from './pieces.ts';

/**
 * Secrets of every malformed kind are planted, and what handlers say of them is searched: the error as the log prints it
 * with its causes, its message, its stack, and what the process wrote, with the log at its most talkative.
 */
const ROOT = join(import.meta.dirname, '..', '..');
const PLANTED = 'Zq7#vK2m$Lw9xR4t';
const json = (value: unknown) => ({ SecretString: JSON.stringify(value) });
const account = { username: 'fpe', password: PLANTED };

/** Name of a secret → what Secrets Manager answers; a text is the whole body of the answer. */
const DATABASE: Record<string, object | string> = {
  'not JSON': { SecretString: PLANTED },
  'not JSON, long': { SecretString: PLANTED.repeat(2000) },
  'not JSON, over several lines': { SecretString: `${PLANTED}\nuser\r\n${PLANTED}` },
  'a URL': { SecretString: `postgres://${PLANTED}:${PLANTED}@127.0.0.1/fpe` },
  'cut off': { SecretString: `{"username": "fpe", "password": "${PLANTED}` },
  'cut off after the password': { SecretString: `{"username": "fpe", "password": "${PLANTED}"` },
  'without quotes': { SecretString: `{username: fpe, password: ${PLANTED}}` },
  'with quotes of the wrong kind': { SecretString: `{'username': 'fpe', 'password': '${PLANTED}'}` },
  'with something behind it': { SecretString: `{"username": "fpe"} ${PLANTED}` },
  'with a line break in the password': { SecretString: `{"username": "fpe", "password": "${PLANTED}\n"}` },
  'a JSON string': json(PLANTED),
  'a JSON string of JSON': json(JSON.stringify(account)),
  'a number': { SecretString: '7294618305' },
  'an array': json([PLANTED]),
  null: json(null),
  empty: { SecretString: '' },
  'white space': { SecretString: ' \n' },
  bytes: { SecretBinary: Buffer.from(PLANTED).toString('base64') },
  'without password': json({ username: PLANTED, passwd: PLANTED }),
  'without user': json({ password: PLANTED }),
  'with an empty password': json({ username: 'fpe', password: '' }),
  'with a number as password': json({ username: 'fpe', password: 7294618305 }),
  'with an object as password': json({ username: 'fpe', password: { [PLANTED]: PLANTED } }),
  'with the password as port': json({ ...account, port: PLANTED }),
  'with a URL as host': json({ ...account, host: `postgres://fpe:${PLANTED}@127.0.0.1/fpe` }),
  'with user and password before the host': json({ ...account, host: `fpe:${PLANTED}@127.0.0.1` }),
  'with a list as host': json({ ...account, host: [PLANTED] }),
  'in an answer that is no JSON': `<p>${PLANTED}</p>`,
  'in an answer that is cut off': `{"SecretString": "{\\"password\\": \\"${PLANTED}`,
  'in an answer with something behind it': `{"SecretString": "${PLANTED}"} "${PLANTED}"`,
};
const USGS: Record<string, object | string> = {
  'with a space': { SecretString: `${PLANTED} ${PLANTED}` },
  'with a line break': { SecretString: `Zq7vK2mLw9xR4t\nZq7vK2mLw9xR4t` },
  'with characters that no header has': { SecretString: `${PLANTED}…€` },
  'with a zero byte': { SecretString: `${PLANTED}\u0000` },
  long: { SecretString: PLANTED.repeat(2000) },
  'JSON that is cut off': { SecretString: `{"api_key": "${PLANTED}` },
  'JSON without quotes': { SecretString: `{api_key: ${PLANTED}}` },
  'another member': json({ key: PLANTED }),
  'a number as member': json({ api_key: 7294618305 }),
  'a member with a line break': json({ api_key: `${PLANTED}\nX-Other: ${PLANTED}` }),
  'a JSON string': json(PLANTED),
  'an array': json([PLANTED]),
  null: json(null),
  empty: { SecretString: '' },
  bytes: { SecretBinary: Buffer.from(PLANTED).toString('base64') },
  'an answer that is no JSON': `<p>${PLANTED}</p>`,
};

type Said = { name: string; message: string; all: string };

let secretsManager: Server;
beforeAll(async () => {
  secretsManager = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const [kind, name] = JSON.parse(body).SecretId.split('/');
      const answer = (kind === 'database' ? DATABASE : USGS)[name as string];
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => secretsManager.listen(0, '127.0.0.1', resolve));
});
afterAll(() => stop(secretsManager));
const stop = (server: Server) => {
  server.closeAllConnections();
  server.close();
};
// Processes of their own take their time on a busy machine.
jest.setTimeout(120_000);

/** Calls a handler once for each environment, in one process with the log on; what it wrote and threw, by environment. */
async function call(handler: string, environments: Record<string, string>[]): Promise<Said[]> {
  const { port } = secretsManager.address() as AddressInfo;
  const caller = join(ROOT, 'tests/secrets/call-handler.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', caller], {
    maxBuffer: 2 ** 26,
    env: {
      ...process.env,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${port}`,
      POWERTOOLS_LOG_LEVEL: 'DEBUG',
      HANDLER: handler,
      ENVIRONMENTS: JSON.stringify(environments),
    },
  });
  return stdout
    .split('\u001e')
    .slice(0, -1)
    .map((text) => {
      const { name, message } = JSON.parse(text.slice(text.lastIndexOf('\u001f') + 1));
      return { name, message, all: text };
    });
}

const leaks = ({ all }: Said, secret: string) => piecesOf(secret).filter((piece) => all.includes(piece));

describe('a secret of the database that is', () => {
  const names = Object.keys(DATABASE);
  let said: Said[];
  beforeAll(async () => {
    said = await call(
      'database',
      names.map((name) => ({ DB_SECRET_ID: `database/${name}` })),
    );
  });

  test.each(names)('%s is refused by name, and not repeated', (name) => {
    const answer = said[names.indexOf(name)] as Said;

    expect(answer.all).toContain('"message":"failed"'); // the log was on
    expect(answer.name).toBe(name.includes('in an answer') ? 'ServiceFailed' : 'SecretInvalid');
    expect(answer.message).toContain(`secret database/${name}`);
    expect(leaks(answer, PLANTED)).toEqual([]);
    expect(leaks(answer, '7294618305')).toEqual([]);
  });

  test('not JSON is told by where it stops being JSON', () => {
    expect(said[names.indexOf('with something behind it')]?.message).toContain('line 1, column 21');
    expect(said[names.indexOf('cut off after the password')]?.message).toContain('it ends too early');
    expect(said[names.indexOf('bytes')]?.message).toContain('SecretBinary');
    expect(said[names.indexOf('without password')]?.message).toContain('password: Invalid input');
  });
});

describe('a key of USGS that is', () => {
  const names = Object.keys(USGS);
  let said: Said[];
  beforeAll(async () => {
    said = await call(
      'usgs',
      names.map((name) => ({ USGS_API_KEY_SECRET_ID: `usgs/${name}`, USGS_API_URL: 'http://127.0.0.1:1' })),
    );
  });

  test.each(names)('%s is refused by name, and not repeated', (name) => {
    const answer = said[names.indexOf(name)] as Said;

    expect(answer.all).toContain('"message":"failed"');
    expect(answer.name).toBe(name.includes('answer') ? 'ServiceFailed' : 'SecretInvalid');
    expect(leaks(answer, PLANTED)).toEqual([]);
    expect(leaks(answer, 'Zq7vK2mLw9xR4t')).toEqual([]);
    expect(leaks(answer, '7294618305')).toEqual([]);
  });
});

describe('a right secret that the other side does not take', () => {
  /** Asks for the password in clear and then repeats what it got, in every member of its error. */
  const parrot = createTcpServer((socket) => {
    let isStarted = false;
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      if (!isStarted) {
        isStarted = true;
        socket.write(Buffer.from([82, 0, 0, 0, 8, 0, 0, 0, 3])); // AuthenticationCleartextPassword
        return;
      }
      const password = data.subarray(5, -1).toString();
      const fields = `SFATAL\0C28P01\0Mno user has ${password}\0D${password}\0H${password}\0\0`;
      const header = Buffer.alloc(5, 'E');
      header.writeInt32BE(4 + Buffer.byteLength(fields), 1);
      socket.end(Buffer.concat([header, Buffer.from(fields)]));
    });
  });
  beforeAll(() => new Promise<void>((resolve) => parrot.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    parrot.close();
  });

  test.each([
    ['with special characters', 'p@ss/w:rd?%20#"\\\'Zq7$v', 'DatabaseRefused'],
    ['of many characters', 'Xy4!'.repeat(2000), 'DatabaseRefused'],
    ['with line breaks', 'Zq7vK2\nmLw9xR\r\n4tUv', 'DatabaseRefused'],
  ])('a password %s is not in the error of a server that repeats it', async (_kind, password, expected) => {
    const { port } = parrot.address() as AddressInfo;
    DATABASE.right = json({ username: 'fpe', password, host: '127.0.0.1', port });

    const [answer] = await call('database', [{ DB_SECRET_ID: 'database/right', DB_TLS: 'off' }]);

    expect(answer?.name).toBe(expected);
    expect(answer?.message).toContain('28P01');
    expect(leaks(answer as Said, password)).toEqual([]);
  });

  test('a host that is not there is named without the password', async () => {
    DATABASE.right = json({ ...account, host: 'db.invalid', port: 5432 });

    const [answer] = await call('database', [{ DB_SECRET_ID: 'database/right' }]);

    expect(answer?.name).toBe('DatabaseUnavailable');
    expect(answer?.message).toContain('db.invalid');
    expect(leaks(answer as Said, PLANTED)).toEqual([]);
  });

  test('a key is not in the error of a service that repeats it, nor follows a redirect to another place', async () => {
    const key = 'Zq7vK2mLw9xR4t';
    USGS.right = { SecretString: key };
    const seen: (string | undefined)[] = [];
    const elsewhere = createServer((request, response) => {
      seen.push(request.headers['x-api-key'] as string);
      response.end('{}');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const service = createServer((request, response) => {
      if (request.url?.startsWith('/redirect')) {
        const { port } = elsewhere.address() as AddressInfo;
        response.writeHead(302, { location: `http://localhost:${port}/` }).end();
      } else response.writeHead(403).end(`{"error": "unknown key ${request.headers['x-api-key']}"}`);
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;

    const [repeated, redirected] = await call('usgs', [
      { USGS_API_KEY_SECRET_ID: 'usgs/right', USGS_API_URL: url },
      { USGS_API_KEY_SECRET_ID: 'usgs/right', USGS_API_URL: `${url}/redirect` },
    ]).finally(() => {
      stop(service);
      stop(elsewhere);
    });

    expect(repeated?.name).toBe('ConfigurationMissing');
    expect(leaks(repeated as Said, key)).toEqual([]);
    expect(redirected?.name).toBe('ObservationsRefused');
    expect(leaks(redirected as Said, key)).toEqual([]);
    expect(seen).toEqual([]);
  });
});
