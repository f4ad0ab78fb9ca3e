// ---- frontends ----
const stateOf = frontend => frontend.state ?? (frontend.paused ? 'paused'
    : frontend.listening ? 'listening' : 'leaving');

function makeFrontend(frontend, index) {
    const view = {backends: new Map(), facts: new Map(), all: false, name: el('h2'),
        bind: el('span', {class: 'mono soft'}), state: el('span'), health: el('span'),
        sum: el('span', {class: 'sum soft'})};
    const summary = el('summary', {}, view.name, view.bind, view.state, view.health, view.sum);
    view.details = el('dl', {class: 'details'});
    view.rows = el('tbody', {role: 'rowgroup'});
    view.table = el('div', {class: 'box'}, backendTable(view.rows));
    view.button = el('button', {type: 'button'});
    view.more = el('p', {class: 'more'}, view.button);
    view.button.addEventListener('click', () => { view.all = !view.all; show(); });
    view.chips = el('summary');
    view.words = el('tbody');
    view.ended = el('details', {class: 'ends'}, view.chips, el('table', {}, view.words));
    view.node = el('details', {class: 'card frontend'}, summary, view.table, view.more,
        view.details, view.ended);
    view.node.open = index < kOpenFrontends;
    view.node.addEventListener('toggle', () => updateFrontend(view, view.last));
    return view;
}

function updateFrontend(view, frontend) {
    view.last = frontend;
    const state = stateOf(frontend), total = frontend.inTable.length;
    text(view.name, frontend.name);
    text(view.bind, frontend.bind === frontend.name ? '' : frontend.bind);
    text(view.state, state);
    attribute(view.state, 'class', 'state ' + state.replace(' ', '-'));
    text(view.health, state === 'leaving' ? '' : total === 0 ? 'no backend'
        : count(frontend.usable) + ' of ' + plural(total, 'backend') + ' up');
    attribute(view.health, 'class', frontend.usable < total || total === 0 ? 'bad' : 'soft');
    text(view.sum, count(frontend.connections_current) + ' open · ' + rate(frontend.rate) +
        '/s · ↑ ' + perSecond(frontend.upRate) + ' · ↓ ' + perSecond(frontend.downRate));
    if (!view.node.open) return;
    sync(view.details, view.facts, factsOf(frontend), fact => fact[0], makeFact, updateFact);
    showBackends(view, frontend);
    showEnds(view, frontend.ended ?? {});
}

// The length below which a share of what a histogram counted stays, from its buckets.
function quantile(histogram, share) {
    let left = histogram.count * share;
    for (const [i, number] of histogram.counts.entries()) {
        if (left > number) { left -= number; continue; }
        const low = i > 0 ? histogram.le[i - 1] : 0;
        if (i >= histogram.le.length) return '> ' + lasted(low);
        return lasted(low + (histogram.le[i] - low) * left / Math.max(number, 1));
    }
    return '';
}

function factsOf(frontend) {
    const facts = [['balance', frontend.balance]];
    const check = frontend.settings?.check?.type ?? frontend.settings?.check;
    if (typeof check === 'string') facts.push(['check', check]);
    facts.push(['connections', count(frontend.connections_total) + ' in all', '']);
    if (frontend.maxconn > 0) facts.push(['at most', count(frontend.maxconn) + ' at once']);
    facts.push(['failed', count(frontend.connections_failed), 'reset, as no backend took them']);
    if (frontend.retries_total !== undefined) {
        facts.push(['retries', count(frontend.retries_total), 'further connects after one failed']);
    }
    if (frontend.hedges_total) {
        facts.push(['hedges', count(frontend.hedges_total), 'second connects beside a slow one']);
    }
    facts.push(['queue', count(frontend.queue_current) + ' now, ' + count(frontend.queue_total) +
        ' in all' + (frontend.queue_timeouts > 0 ? ', ' + count(frontend.queue_timeouts) +
        ' gave up' : ''), 'connections that waited for a backend',
        frontend.queue_current > 0 ? 'warn' : '']);
    for (const [key, label, title] of [['connect', 'connecting', 'a connect to a backend took'],
        ['session', 'lasting', 'a connection lasted']]) {
        const histogram = frontend[key];
        if (!(histogram?.count > 0)) continue;
        facts.push([label, 'p50 ' + quantile(histogram, .5) + ', p99 ' + quantile(histogram, .99),
            'how long ' + title + ', about, since the start']);
    }
    facts.push(['bytes', '↑ ' + bytes(frontend.bytes_up) + ' ↓ ' + bytes(frontend.bytes_down), '']);
    return facts;
}

// ---- backends ----
const kColumns = [  // class, heading, width, explanation
    ['of-state', 'State', '10.5%', ''], ['address', 'Backend', '14.5%', ''],
    ['strip', 'Last 10 minutes', '13%',
        'a thin line: healthy; a block: unhealthy; between: ejected'],
    ['since', 'Since when, why', '14.5%', ''], ['n', 'Weight', '6%', ''],
    ['n', 'Open', '5%', 'connections now'],
    ['n', 'New/s', '5.5%', 'new connections a second'],
    ['share', 'Share', '6.5%', 'of the new connections of late'],
    ['n', 'Total', '6%', 'connections since the start'],
    ['n', 'Failed', '5%', 'connects that failed'], ['n', 'Up', '6.5%', 'bytes, client to backend'],
    ['n', 'Down', '7%', 'bytes, backend to client']];

function backendTable(rows) {
    const heads = kColumns.map(([kind, label, width, title]) => {
        const head = el('th', {scope: 'col', role: 'columnheader', class: kind === 'n' ? 'n' : '',
            style: 'width: ' + width}, label);
        if (title) head.title = title;
        return head;
    });
    return el('table', {class: 'backends', role: 'table', 'aria-label': 'backends'},
        el('thead', {role: 'rowgroup'}, el('tr', {role: 'row'}, ...heads)), rows);
}

// Of very many: those in trouble, and as many others as fit.
function chosen(view, backends) {
    if (view.all || backends.length <= kShownBackends) return backends;
    const picked = new Set(backends.filter(backend => !isUsable(backend)).slice(0, kShownBackends));
    for (const backend of backends) {
        if (picked.size >= kShownBackends) break;
        picked.add(backend);
    }
    return backends.filter(backend => picked.has(backend));
}

function showBackends(view, frontend) {
    const all = frontend.backends, list = chosen(view, all);
    const mean = sumOf(frontend.inTable, 'mean');
    view.table.hidden = all.length === 0;
    view.more.hidden = all.length <= kShownBackends;
    text(view.button, view.all ? 'Show fewer' : 'Show all ' + count(all.length) + ' backends');
    sync(view.rows, view.backends, list, backend => backend.key, makeBackend,
        (row, backend) => updateBackend(row, frontend, backend, mean));
}

function makeBackend() {
    const cells = kColumns.map(([kind, label]) =>
        el('td', {role: 'cell', class: kind, 'data-label': label}));
    const [state, address, strip, since, weight, open, fresh, share, total, failed, up, down] =
        cells;
    const row = {weight, open, fresh, total, failed, up, down, state: el('span'),
        address: el('span', {class: 'mono'}), origin: el('small'), since: el('span'),
        why: el('small'), part: el('span'), bar: el('i'), node: el('tr', {role: 'row'}, ...cells),
        picture: svg('svg', {viewBox: `0 0 ${kStrip} 20`, preserveAspectRatio: 'none',
            role: 'img'})};
    state.append(row.state);
    address.append(row.address, row.origin);
    strip.append(row.picture);
    since.append(row.since, row.why);
    share.append(row.part, el('div', {class: 'bar'}, row.bar));
    return row;
}

function updateBackend(row, frontend, backend, mean) {
    const down = !isUsable(backend) && backend.state !== 'leaving';
    attribute(row.node, 'class', down ? 'down' : backend.state === 'leaving' ? 'gone' : '');
    attribute(row.state, 'class', 'state ' + backend.state);
    text(row.state, backend.state);
    text(row.address, backend.address);
    text(row.origin, [backend.origin !== backend.address ? backend.origin : '',
        backend.backup ? 'backup' : ''].filter(Boolean).join(' · '));
    text(row.since, backend.since ? 'for ' + ago(backend.since) : '');
    attribute(row.since, 'title', backend.since ?? '');
    text(row.why, backend.why ?? '');
    attribute(row.why, 'class', down ? 'bad' : '');
    text(row.weight, count(backend.weight) + (backend.weight_percent < 100
        ? ' (' + backend.weight_percent + ' %)' : ''));
    text(row.open, count(backend.connections_current) + (backend.maxconn > 0
        ? '/' + count(backend.maxconn) : ''));
    text(row.fresh, rate(backend.rate));
    const part = mean > .05 && backend.state !== 'leaving' ? backend.mean / mean : 0;
    text(row.part, percent(part));
    row.bar.style.width = (part * 100).toFixed(1) + '%';
    text(row.total, count(backend.connections_total));
    text(row.failed, count(backend.connections_failed));
    text(row.up, bytes(backend.bytes_up));
    text(row.down, bytes(backend.bytes_down));
    drawStrip(row, frontend, backend);
}

// ---- how connections ended: HAProxy's two letters ----
const kWho = {
    '-': 'both sides closed', C: 'the client aborted', S: 'the backend refused or aborted',
    P: 'a rule or a limit of amba', R: 'amba ran out of something', c: 'nothing moved for too long',
    s: 'the backend did not answer in time', D: 'the backend or the frontend left the table',
    K: 'amba was stopped'};
const kStage = {Q: 'while waiting for a backend', C: 'while connecting to a backend',
    D: 'while data was passed', L: 'with one direction closed already', '-': 'after the end'};
const endWords = letters => letters === '--' ? 'both sides closed: all is well'
    : (kWho[letters[0]] ?? 'unknown') + ', ' + (kStage[letters[1]] ?? 'unknown');

function showEnds(view, ended) {
    const list = Object.entries(ended).filter(end => end[1] > 0).sort((a, b) => b[1] - a[1]);
    view.ended.hidden = list.length === 0;
    const stamp = JSON.stringify(list);
    if (view.stamp === stamp) return;
    view.stamp = stamp;
    view.chips.replaceChildren('Endings', ...list.flatMap(([letters, number]) => [' ',
        el('span', {title: endWords(letters)}, el('b', {}, letters), ' ' + count(number))]));
    view.words.replaceChildren(...list.map(([letters, number]) =>
        el('tr', {}, el('td', {}, letters), el('td', {class: 'n'}, count(number)),
            el('td', {}, endWords(letters)))));
}
