// ---- events ----
function showEvents() {
    const list = [...events.values()].sort((a, b) => b.id - a.id).slice(0, 100);
    byId('no-events').hidden = list.length > 0;
    byId('events').hidden = list.length === 0;
    sync(byId('events'), views.events, list, event => String(event.id), event => {
        const view = {words: el('span', {class: 'message'}), time: el('time', {class: 'soft'})};
        const level = ['error', 'warning'].includes(event.level) ? event.level : 'info';
        view.node = el('li', {}, view.time, el('span', {class: 'state ' + level}, level),
            el('b', {}, event.event), view.words);
        return view;
    }, (view, event) => {
        text(view.time, clock(event.time));
        attribute(view.time, 'title', event.time);
        const last = clock(event.last) === clock(event.time) ? '' : ', last ' + clock(event.last);
        text(view.words, event.message + (event.count > 1 ? ' · ' + count(event.count) + ' times' +
            last : ''));
    });
}

// ---- asking, and showing ----
function show() {
    showBanners();
    if (silentSince) document.title = 'not answering · amba';
    if (silentSince || !status) return;
    showTiles();
    if (document.hidden) return;
    showFacts();
    graphs.forEach(drawGraph);
    sync(byId('frontends'), views.frontends, status.frontends, frontend => frontend.key,
        makeFrontend, updateFrontend);
    showEvents();
}

async function ask(path) {
    const answer = await fetch(path, {cache: 'no-store', signal: AbortSignal.timeout(15000)});
    if (!answer.ok) throw new Error(path + ': ' + answer.status);
    return answer.json();
}

let eventsDue = 0;
async function askEvents() {
    if (Date.now() < eventsDue) return;
    const fresh = await ask('events?limit=' + (events.size === 0 ? 1000 : 100)).catch(() => null);
    eventsDue = Date.now() + (fresh ? 1900 : 30000);
    if (fresh) takeEvents(fresh.events);
}

async function round() {
    const fresh = await ask('status').catch(() => null);
    silentSince = fresh ? null : silentSince ?? Date.now();
    if (fresh) {
        take(fresh);
        await askEvents();
    }
    show();
}

// One request at a time; the larger the table, the rarer.
async function run() {
    graphs.forEach(makeGraph);
    document.addEventListener('visibilitychange', show);
    for (;;) {
        const began = performance.now();
        await round();
        const took = performance.now() - began;
        const wait = Math.max(document.hidden ? 2000 : 1000, 4 * took) - took;
        await new Promise(done => setTimeout(done, wait));
    }
}
run();
