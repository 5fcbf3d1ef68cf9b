// What a plan's jobs are, and what they write while they "run".

const requirements = {
  requests: ['certifi', 'idna', 'urllib3', 'charset-normalizer'],
  numpy: ['cython', 'setuptools'],
  pandas: ['numpy', 'python-dateutil', 'pytz'],
  'python-dateutil': ['six'],
  scipy: ['numpy'],
  'scikit-learn': ['scipy', 'joblib', 'threadpoolctl'],
  cffi: ['pycparser'],
  cryptography: ['cffi', 'setuptools'],
  jinja2: ['markupsafe'],
  werkzeug: ['markupsafe'],
  flask: ['werkzeug', 'jinja2', 'click', 'itsdangerous'],
};

const leaves = ['certifi', 'idna', 'urllib3', 'charset-normalizer', 'cython', 'setuptools', 'six'];
const names = [
  ...leaves,
  ...['pytz', 'joblib', 'threadpoolctl', 'pycparser', 'markupsafe', 'click', 'itsdangerous'],
  ...Object.keys(requirements),
];

/** A plan of wheels; beyond the known projects, `count` is reached with made-up ones. */
export function wheelJobs(count = names.length) {
  const jobs = names.slice(0, count).map((name) => ({ name, needs: requirements[name] ?? [] }));
  for (let k = jobs.length; k < count; k++) {
    const needs = k % 5 === 0 ? [] : [jobs[(k * 7) % k].name, jobs[Math.max(0, k - 30)].name];
    jobs.push({ name: `unit-${k}`, needs: [...new Set(needs)] });
  }
  return jobs;
}

/**
 * The jobs of a recipe, read well enough for tests: two-space names under `jobs:`, `needs: [a, b]`,
 * and the words after `echo` as the log. A job that says `exit N` fails, one with `sleep N` is slow.
 */
export function recipeJobs(text) {
  const jobs = [];
  for (const line of text.split('\n')) {
    const start = /^ {2}([\w.-]+):/.exec(line);
    if (start) jobs.push({ name: start[1], needs: [], text: '' });
    const job = jobs.at(-1);
    if (!job) continue;
    const needs = /needs:\s*\[([^\]]*)\]/.exec(line);
    if (needs)
      job.needs = needs[1]
        .split(',')
        .map((name) => name.trim())
        .filter(Boolean);
    job.text += line + '\n';
  }
  if (jobs.length === 0) throw new Error('line 1, column 1: a recipe needs "jobs:"');
  return jobs.map(({ name, needs, text: body }) => ({
    name,
    needs,
    says: [...body.matchAll(/echo ([^"'>;\n\]]+)/g)].map((match) => match[1].trim()),
    exitCode: Number(/exit (\d+)/.exec(body)?.[1] ?? 0),
    ticks: /sleep/.test(body) ? 40 : 2,
  }));
}

const red = (text) => `\x1b[1;31m${text}\x1b[0m`;
const green = (text) => `\x1b[32m${text}\x1b[0m`;
const grey = (text) => `\x1b[90m${text}\x1b[0m`;

function compilerLine(name, line, total) {
  if (line % 97 === 0) return `\x1b[33mwarning:\x1b[0m unused variable ‘tmp_${line}’`;
  return `${grey(`[${line}/${total}]`)} ${green('Compiling')} build/${name}/unit_${line % 311}.c.o`;
}

/** The whole log of a finished job. */
export function logOf(job, length) {
  const lines = [`\x1b[1m$ build ${job.name}\x1b[0m`, ...(job.says ?? [])];
  const wanted = job.says ? 0 : length;
  while (lines.length < wanted) lines.push(compilerLine(job.name, lines.length + 1, wanted));
  if (job.name === 'scipy' && job.exitCode) {
    lines[213] = red('../scipy/meson.build:213:9: ERROR: Dependency "OpenBLAS" not found');
  }
  if (job.exitCode) lines.push(red(`exit status ${job.exitCode}`));
  return lines;
}
