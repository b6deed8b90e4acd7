'use strict';
// Loaded into the process of each test file, before anything of the project. It stands between node's test runner and the bodies of the tests,
// and says what it saw to the parent (node-run.cjs) over a socket: at once, so that nothing can be taken back. Each line begins with a word that
// the project cannot know. In the bitten run every body that ends well fails after it has.
const { isMainThread } = require('node:worker_threads');
if (isMainThread) start();

function start() {
    // As in node-run.cjs: another file's process could start the debugger of this one.
    process.on('SIGUSR1', () => {});
    const fs = require('node:fs');
    const Module = require('node:module');
    const { createHook } = require('node:async_hooks');
    const assert = require('node:assert');
    const runner = require('node:test');
    const { writeSync } = fs;
    const { apply } = Reflect;
    const { stringify } = JSON;
    const { AssertionError } = assert;
    const { defineProperty, getPrototypeOf } = Object;
    const thenOf = (value) => (value !== null && (typeof value === 'object' || typeof value === 'function') ? value.then : undefined);

    const given = Buffer.alloc(64);
    const word = given.latin1Slice(0, fs.readSync(3, given, 0, 64, null));
    const key = word.slice(0, 32);
    const bites = word[32] === 'B';
    given.fill(0);

    // Processes and threads that tests start are not test files.
    const at = process.execArgv.indexOf('--require');
    process.execArgv.splice(at, 2);
    delete require.cache[__filename];

    const say = (what, id) => apply(writeSync, fs, [3, `${key}${what}${stringify(id)}\n`]);
    const bitten = () => new AssertionError({ actual: 1, expected: 2, operator: 'strictEqual' });

    // Assertions that last failed, below code of the project that is no test: whoever caught that, the test was not told.
    const unheard = new Set();
    const root = `${process.cwd()}/`;
    const own = process.argv[1]?.startsWith(root) ? process.argv[1].slice(root.length) : '';
    const isOfTests = (place) => place === own || place.startsWith('node_modules/')
        || /(^|[/._-])(tests?|__tests__|specs?)([/._-]|$)/.test(place);
    const linesInside = (error) => `${error?.stack}`.split('\n').filter((line) => line.includes(root));
    const isTest = (line) => isOfTests(line.slice(line.indexOf(root) + root.length).replace(/[):].*$/, ''));
    const watched = (check) => function watched(...given) {
        let result;
        try { result = apply(check, this, given); } catch (error) {
            const lines = linesInside(error);
            if (!lines.every(isTest)) unheard.add(lines.find(isTest) ?? lines[0]);
            throw error;
        }
        if (unheard.size > 0) unheard.delete(linesInside(new Error()).find(isTest));
        return result;
    };
    for (const part of [assert, assert.strict]) {
        for (const [name, check] of Object.entries(part)) {
            if (!/equal$/i.test(name) && !/^(match|doesNotMatch|fail)$/.test(name)) continue;
            part[name] = watched(check);
            for (const word of ['length', 'name']) defineProperty(part[name], word, { value: check[word], configurable: true });
        }
    }
    Module.syncBuiltinESMExports();

    // What tests judge by stays what it is, whoever loads it and whatever stands between.
    for (const part of [runner, assert, assert.strict, AssertionError.prototype]) Object.freeze(part);
    const judges = { __proto__: null, 'node:test': runner };
    for (const prefix of ['', 'node:']) {
        judges[`${prefix}assert`] = assert;
        judges[`${prefix}assert/strict`] = assert.strict;
    }
    const guard = (owner, name) => {
        let current = owner[name];
        const guarded = function (...given) { return judges[given[0]] ?? apply(current, this, given); };
        defineProperty(owner, name, { get: () => guarded, set: (value) => { if (value !== guarded) current = value; }, enumerable: true });
    };
    guard(Module, '_load');
    guard(Module.prototype, 'require');

    function idOf(test) {
        let id = test.name;
        for (let above = test.parent; above && above.parent; above = above.parent) id = `${above.name} > ${id}`;
        return `${id}`;
    }

    function wrap(body, holder) {
        const ended = (error, threw) => {
            if (holder.done) return threw ? error : undefined;
            holder.done = true;
            say(threw ? 'x' : 'k', idOf(holder.test));
            return threw ? error : bites && unheard.size === 0 ? bitten() : undefined;
        };
        async function wait(result) {
            try { await result; } catch (error) { throw ended(error, true); }
            const error = ended(undefined, false);
            if (error) throw error;
        }
        function wrapped(context, done) {
            unheard.clear();
            let result;
            const calls = body.length > 1 && typeof done === 'function';
            try {
                result = calls
                    ? apply(body, this, [context, (error, ...rest) => done(ended(error, Boolean(error)) ?? error, ...rest)])
                    : apply(body, this, arguments);
            } catch (error) { throw ended(error, true); }
            if (calls) return result;
            if (typeof thenOf(result) === 'function') return wait(result);
            const error = ended(undefined, false);
            if (error) throw error;
            return result;
        }
        for (const name of ['length', 'name']) defineProperty(wrapped, name, { value: body[name], configurable: true });
        return wrapped;
    }

    // The runner's class of tests is its own: its first instance leads to it.
    const hook = createHook({
        init(id, type, trigger, resource) {
            if (type !== 'Test') return;
            hook.disable();
            let prototype = getPrototypeOf(resource);
            while (prototype && !Object.hasOwn(prototype, 'createSubtest')) prototype = getPrototypeOf(prototype);
            const create = prototype?.createSubtest;
            const report = prototype?.report;
            if (typeof create !== 'function' || typeof report !== 'function') return say('?', process.version);
            const fixed = (name, value) => defineProperty(prototype, name, { value, writable: false, configurable: false });
            fixed('createSubtest', function createSubtest(kind, name, options, fn, ...rest) {
                if (kind.name === 'Suite') return apply(create, this, [kind, name, options, fn, ...rest]);
                const holder = { test: undefined, done: false };
                const given = [name, options, fn];
                const index = given.findIndex((value) => typeof value === 'function');
                const expected = options?.expectFailure;
                if (index >= 0 && !expected) given[index] = wrap(given[index], holder);
                holder.test = apply(create, this, [kind, ...given, ...rest]);
                say('d', idOf(holder.test));
                return holder.test;
            });
            fixed('report', function () {
                const suite = this.constructor.name === 'Suite';
                const ran = this.skipped || this.isTodo ? 's' : this.passed ? 'p' : 'f';
                if (this.parent && !(suite && ran !== 'f')) say(ran, idOf(this));
                return apply(report, this, arguments);
            });
        },
    }).enable();

    // A file without node's tests is one: its exit code speaks. Who ended it is known.
    const { exit, reallyExit } = process;
    const { captureStackTrace } = Error;
    const leave = (above) => {
        const { prepareStackTrace, stackTraceLimit } = Error;
        Error.prepareStackTrace = (_, frames) => frames[0]?.getFileName() ?? '';
        Error.stackTraceLimit = 1;
        const trace = {};
        captureStackTrace(trace, above);
        const file = trace.stack;
        Error.prepareStackTrace = prepareStackTrace;
        Error.stackTraceLimit = stackTraceLimit;
        say('q', `${file}`);
    };
    let leaving = false;
    process.exit = function (code) {
        if (!leaving) leave(process.exit);
        leaving = true;
        return apply(exit, process, arguments);
    };
    process.reallyExit = function (code) {
        if (!leaving) leave(process.reallyExit);
        return apply(reallyExit, process, [bites ? code || 1 : code]);
    };
    process.on('uncaughtExceptionMonitor', () => say('u', ''));
    process.on('exit', (code) => {
        leaving = true;
        say('e', `${code}`);
        if (bites) process.exitCode ||= 1;
    });
}
