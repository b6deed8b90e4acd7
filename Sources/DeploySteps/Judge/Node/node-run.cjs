'use strict';
// Without a listener node would start its debugger at this signal, which the tests' processes can send: whoever talks to that writes the report.
process.on('SIGUSR1', () => {});
// Runs each test file in a process of its own, as `node --test` does, and writes a JUnit report of what these say. Nothing of the project is
// loaded here. Descriptor 3 has one byte: whether the tests are bitten. Descriptor 4 takes the report.
const { spawn } = require('node:child_process');
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const secret = Buffer.alloc(1);
const bites = fs.readSync(3, secret, 0, 1, null) === 1 && secret[0] === 0x42;
fs.closeSync(3);
const preload = path.join(__dirname, 'node-preload.cjs');
const [major] = process.versions.node.split('.').map(Number);
const root = process.cwd();

const names = /^(test|test-.+|.+[._-]test)$/;
const types = process.features.typescript || process.argv.includes('--experimental-strip-types')
    ? /\.([cm]?js|[cm]?ts)$/ : /\.[cm]?js$/;

/** Test files below a directory, as node's runner looks for them. */
function walk(directory, isTest, found) {
    for (const entry of fs.readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const file = path.join(directory, entry.name);
        if (entry.isDirectory()) {
            if (entry.name !== 'node_modules') walk(file, isTest || entry.name === 'test', found);
        } else if (entry.isFile() && types.test(entry.name) && !/\.d\.[cm]?ts$/.test(entry.name)
            && (isTest || names.test(entry.name.replace(types, '')))) {
            found.push(file);
        }
    }
    return found;
}

/** What a shell makes of `*` and `?`, or node's runner of a pattern. */
function expand(pattern) {
    if (fs.globSync) return fs.globSync(pattern).sort();
    let found = [''];
    for (const part of pattern.split('/')) {
        const shape = new RegExp(`^${part.replace(/[.+^${}()|\\[\]]/g, '\\$&').replace(/\*+/g, '[^/]*').replace(/\?/g, '[^/]')}$`);
        found = found.flatMap((base) => {
            if (!/[*?]/.test(part)) return fs.existsSync(base + part) ? [base + part + '/'] : [];
            const hidden = part.startsWith('.');
            try {
                return fs.readdirSync(base || '.').filter((name) => (hidden || name[0] !== '.') && shape.test(name)).sort()
                    .map((name) => base + name + '/');
            } catch { return []; }
        });
    }
    return found.map((name) => name.slice(0, -1));
}

function filesOf(words) {
    if (words.length === 0) return walk('.', false, []);
    const found = words.flatMap((word) => {
        if (fs.existsSync(word)) return fs.statSync(word).isDirectory() && major < 21 ? walk(word, true, []) : [word];
        const matches = /[*?]/.test(word) ? expand(word).filter((name) => !name.split('/').includes('node_modules')) : [];
        if (matches.length === 0) {
            console.error(`Could not find '${word}'`);
            process.exit(1);
        }
        return matches;
    });
    return [...new Set(found.map((file) => path.normalize(file)))];
}

/** One file: what its process said, and how it ended. */
function run(file, options) {
    return new Promise((resolve) => {
        const child = spawn(process.execPath, ['--require', preload, ...options, file], {
            stdio: ['ignore', 'inherit', 'inherit', 'pipe'], env: { ...process.env, NODE_TEST_CONTEXT: 'child' },
        });
        const key = randomBytes(16).toString('hex');
        const channel = child.stdio[3];
        let text = '';
        channel.setEncoding('utf8');
        channel.on('data', (data) => { text += data; });
        channel.on('error', () => {});
        channel.write(key + (bites ? 'B' : '-'));
        child.on('error', (error) => { console.error(error); process.exit(1); });
        child.on('close', (code, signal) => resolve(judge(file, key, text, code, signal, options)));
    });
}

/** Each test's outcome: a name that is used twice has a number. */
function judge(file, key, text, code, signal, options) {
    const tests = new Map();
    const test = (id) => { if (!tests.has(id)) tests.set(id, { d: 0, k: 0, x: 0, p: 0, f: 0, s: 0 }); return tests.get(id); };
    const faults = [];
    let thrown = false;
    let told = '';
    for (const line of text.split('\n').slice(0, -1)) {
        if (!line.startsWith(key)) { faults.push('something else wrote into its report'); break; }
        const what = line[32];
        const id = JSON.parse(line.slice(33));
        if (what === '?') faults.push(`the test runner of Node ${id} is not known here`);
        else if (what === 'q') { if (isStranger(id, file)) faults.push(`${path.relative(root, id)} ended it`); }
        else if (what === 'u') thrown = true;
        else if (what === 'e') told = id;
        else test(id)[what] += 1;
    }
    if (code === 0 && told !== '0') faults.push(told ? `it ended with ${told}, and that was hidden` : 'it ended without a word');
    if (code === 0 && thrown && tests.size === 0) faults.push('it threw an error, and that was hidden');
    const filters = options.some((option) => /^--test-(only|name-pattern|skip-pattern)/.test(option));
    const cases = [];
    for (const [id, seen] of tests) {
        const total = Math.max(seen.d, seen.p + seen.f + seen.s);
        const unseen = total - seen.p - seen.f - seen.s;
        // A body that failed and was told as passed; one that is not told of, of whose end nothing is known.
        let failed = seen.f + Math.max(0, seen.x - seen.f - seen.s);
        let passed = Math.max(0, seen.p - Math.max(0, seen.x - seen.f - seen.s));
        if (unseen > 0) {
            const ended = Math.min(unseen, Math.max(0, seen.k - seen.p));
            passed += ended;
            if (!filters) failed += unseen - ended;
        }
        const outcomes = [...Array(passed).fill(''), ...Array(failed).fill('<failure/>'), ...Array(seen.s).fill('<skipped/>')];
        outcomes.forEach((outcome) => cases.push([id, outcome]));
    }
    const bad = cases.some(([, outcome]) => outcome === '<failure/>');
    if (faults.length > 0 || ((code !== 0 || signal) && !bad)) {
        cases.push(['(file)', '<failure/>']);
        console.log(`# ${file}: ${faults.join('; ') || (signal ? `ended by ${signal}` : `exit code ${code}`)}`);
    } else if (tests.size === 0) cases.push(['(file)', '']);
    return [file, cases];
}

/** Whether what ended the process is a file of the project that is no test. */
function isStranger(address, file) {
    const name = address.startsWith('file://') ? require('node:url').fileURLToPath(address) : address;
    const inside = path.relative(root, name);
    if (!path.isAbsolute(name) || inside.startsWith('..') || inside === path.normalize(file)) return false;
    const parts = inside.split(path.sep);
    return !parts.some((part) => /^(tests?|__tests__|specs?|node_modules)$/.test(part) || /(^|[._-])(test|spec)s?([._-]|$)/.test(part));
}

const quoted = (text) => text.replace(/[&<>"\u0000-\u001f\ufffe\uffff]|[\ud800-\udfff]/gu, (c) => (
    { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[c] ?? '\ufffd'));

async function main() {
    const words = process.argv.slice(2);
    const split = words.indexOf('--');
    const options = words.slice(0, split);
    const files = filesOf(words.slice(split + 1));
    const results = [];
    let next = 0;
    const limit = options.some((option) => /^--test-concurrency=1$/.test(option)) ? 1 : Math.max(1, os.cpus().length - 1);
    await Promise.all(Array.from({ length: limit }, async () => {
        while (next < files.length) { const at = next++; results[at] = await run(files[at], options); }
    }));
    const suites = results.map(([file, cases]) => `<testsuite file="${quoted(file)}">${cases.map(([id, outcome]) => (
        `<testcase name="${quoted(id)}">${outcome}</testcase>`)).join('')}</testsuite>`);
    const report = Buffer.from(`<testsuites>${suites.join('')}</testsuites>`);
    for (let at = 0; at < report.length;) at += fs.writeSync(4, report, at);
    const failed = results.flatMap(([file, cases]) => cases.filter(([, outcome]) => outcome === '<failure/>').map(([id]) => `${file}: ${id}`));
    if (failed.length > 0) console.log(`# failed:\n${failed.map((name) => `#   ${name}`).join('\n')}`);
    process.exitCode = failed.length > 0 ? 1 : 0;
}

main();
