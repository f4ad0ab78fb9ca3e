// ---- what was seen ----
let status = null;            // the last one, with key, rate, upRate... of frontends and backends
let before = new Map();       // key -> the counts of the status before it
let samples = [];             // {t, up, down, open, rate, failed}, of kGraph seconds
let events = new Map();       // id -> event
let eventMarks = new Map();   // frontend and backend -> [{t, state, was, why}]
let seenMarks = new Map();    // the same, from one status to the next
let silentSince = null;       // when the daemon was first found not to answer
let skew = 0;                 // the daemon's clock less this one's, in ms
const now = () => Date.now() + skew;
const ago = time => span((status.t - Date.parse(time)) / 1000);

function forget() {
    before = new Map();
    samples = [];
    events = new Map();
    eventMarks = new Map();
    seenMarks = new Map();
}

const sumOf = (list, key) => list.reduce((sum, one) => sum + (one[key] ?? 0), 0);
const pairOf = (frontend, address) => frontend + '\n' + address;
const keyOf = (thing, address) => address + (thing.state === 'leaving' ? '\nleaving' : '');

// Rates, from the counts of two answers where the daemon does not tell them.
function measure(thing, key, seconds, counts) {
    const last = before.get(key);
    const since = (now, then) => last && seconds > 0 ? Math.max(0, now - then) / seconds : 0;
    thing.key = key;
    thing.upRate = since(thing.bytes_up, last?.bytes_up);
    thing.downRate = since(thing.bytes_down, last?.bytes_down);
    thing.rate = thing.connections_rate ?? since(thing.connections_total, last?.total);
    const weight = 1 - Math.exp(-Math.max(seconds, .1) / 20);
    thing.mean = last ? last.mean + (thing.rate - last.mean) * weight : thing.rate;
    counts.set(key, {bytes_up: thing.bytes_up, bytes_down: thing.bytes_down,
        total: thing.connections_total, mean: thing.mean});
}

function take(fresh) {
    if (status && status.daemon !== fresh.daemon) forget();
    skew = fresh.now ? Date.parse(fresh.now) - Date.now() : 0;
    const seconds = status ? (now() - status.t) / 1000 : 0;
    status = fresh;
    status.t = now();
    const counts = new Map(), marks = new Map();
    for (const frontend of status.frontends) {
        frontend.bytes_up ??= sumOf(frontend.backends, 'bytes_up');
        frontend.bytes_down ??= sumOf(frontend.backends, 'bytes_down');
        measure(frontend, keyOf(frontend, frontend.bind), seconds, counts);
        for (const backend of frontend.backends) {
            const key = pairOf(frontend.key, keyOf(backend, backend.address));
            measure(backend, key, seconds, counts);
            if (backend.state !== 'leaving') mark(frontend, backend, marks);
        }
        frontend.inTable = frontend.backends.filter(backend => backend.state !== 'leaving');
        frontend.usable = frontend.inTable.filter(isUsable).length;
    }
    before = counts;
    seenMarks = marks;
    samples.push({t: status.t, up: sumOf(status.frontends, 'upRate'),
        down: sumOf(status.frontends, 'downRate'),
        open: sumOf(status.frontends, 'connections_current'), rate: sumOf(status.frontends, 'rate'),
        failed: sumOf(status.frontends, 'connections_failed')});
    // The first answer has nothing to be compared with: as in the second.
    if (samples.length === 2) {
        for (const key of ['up', 'down', 'rate']) samples[0][key] = samples[1][key];
    }
    while (samples.length > 1 && samples[1].t < status.t - kGraph * 1000) samples.shift();
}
const isUsable = backend => backend.usable;

// ---- health history: what the events tell of the past, and each change seen since ----
const kAfter = {up: 'healthy', down: 'unhealthy', ejected: 'ejected', returned: 'healthy'};
const kBefore = {up: 'unhealthy', down: 'healthy', ejected: 'healthy', returned: 'ejected'};

function mark(frontend, backend, kept) {
    const pair = pairOf(frontend.name, backend.address);
    const marks = seenMarks.get(pair) ?? [], last = marks.at(-1);
    kept.set(pair, marks);
    if (last?.state === backend.state) return;
    const since = backend.since ? Date.parse(backend.since) : status.t;
    marks.push({t: Math.max(since, last?.t ?? 0), state: backend.state, why: backend.why});
    if (marks.length > 200) marks.shift();
}

function takeEvents(fresh) {
    for (const event of fresh) events.set(event.id, event);
    for (const id of [...events.keys()].slice(0, -1000)) events.delete(id);
    eventMarks = new Map();
    const isDown = new Map();
    for (const event of events.values()) {
        if (!kAfter[event.event] || !event.backend) continue;
        const pair = pairOf(event.frontend, event.backend);
        const what = event.event, stays = what === 'returned' && isDown.get(pair);
        if (what === 'up' || what === 'down') isDown.set(pair, what === 'down');
        const one = {state: stays ? 'unhealthy' : kAfter[event.event], was: kBefore[event.event],
            why: event.message};
        if (!eventMarks.has(pair)) eventMarks.set(pair, []);
        eventMarks.get(pair).push({t: Date.parse(event.time), ...one});
        if (event.count > 1) eventMarks.get(pair).push({t: Date.parse(event.last), ...one});
    }
}

// [{from, to, state, why}] of the last kStrip seconds; no part where nothing is known.
function history(frontend, backend) {
    const pair = pairOf(frontend.name, backend.address), end = status.t;
    const since = backend.since ? Date.parse(backend.since) : end;  // what it is now, it is since
    const marks = (eventMarks.get(pair) ?? [])
        .filter(one => one.t < since || one.state === backend.state)
        .map(one => ({...one, t: Math.min(one.t, since)}));
    marks.push(...seenMarks.get(pair) ?? []);
    marks.sort((a, b) => a.t - b.t);
    const started = status.started ? Date.parse(status.started) : end;
    const parts = [];
    if (marks[0]?.was) marks.unshift({t: Math.min(started, marks[0].t), state: marks[0].was});
    marks.forEach((one, i) => {
        const to = marks[i + 1]?.t ?? end;
        const last = parts.at(-1);
        if (last && last.state === one.state) last.to = to;
        else if (to > one.t) parts.push({from: one.t, to, state: one.state, why: one.why ?? ''});
    });
    return parts.filter(part => part.to > end - kStrip * 1000);
}

// A line where all is well, a block where it is not: the shape tells as much as the colour.
const kLeast = 5;  // seconds wide: the shortest outage is seen
const kHeight = {healthy: 6, unhealthy: 20, ejected: 13, unknown: 2, leaving: 2};

function drawStrip(view, frontend, backend) {
    const parts = history(frontend, backend);
    const stamp = Math.floor(status.t / 5000) + parts.map(part => part.state + part.from).join();
    if (view.stamp === stamp) return;
    view.stamp = stamp;
    const begin = status.t - kStrip * 1000;
    view.picture.replaceChildren(...parts.map(part => {
        const height = kHeight[part.state] ?? 2, long = (part.to - part.from) / 1000;
        return svg('rect', {class: part.state, y: 10 - height / 2, height,
            x: Math.min((part.from - begin) / 1000, kStrip - kLeast).toFixed(1),
            width: Math.max(kLeast, long).toFixed(1)},
            svg('title', {}, part.state + ' for ' + span(long) + ', from ' + clock(part.from) +
                ' to ' + clock(part.to) + (part.why ? '\n' + part.why : '')));
    }));
    const bad = parts.filter(part => part.state === 'unhealthy' || part.state === 'ejected');
    const lost = bad.reduce((sum, part) => sum + part.to - part.from, 0) / 1000;
    attribute(view.picture, 'aria-label', 'last 10 minutes: ' + (bad.length === 0 ? 'never down'
        : 'down ' + plural(bad.length, 'time') + ', ' + span(lost) + ' in all'));
}
