// ---- header and banners ----
const views = {facts: new Map(), tiles: new Map(), banners: new Map(), frontends: new Map(),
    events: new Map()};

function showFacts() {
    const facts = [['version', status.version.split(' ')[0], status.version]];
    if (status.generation > 0) {
        facts.push(['table', 'generation ' + status.generation, '']);
        facts.push(['revision', status.revision.length > 26 ? status.revision.slice(0, 12) + '…'
            : status.revision, status.revision]);
        facts.push(['applied', ago(status.applied) + ' ago', status.applied]);
    }
    if (status.started) facts.push(['up for', ago(status.started), 'since ' + status.started]);
    sync(byId('facts'), views.facts, facts, fact => fact[0], makeFact, updateFact);
}
function makeFact(fact) {
    const value = el('dd');
    return {value, node: el('div', {}, el('dt', {}, fact[0]), value)};
}
function updateFact(view, fact) {
    text(view.value, fact[1]);
    attribute(view.value, 'title', fact[2] ?? '');
    attribute(view.value, 'class', fact[3] ?? '');
}

function banners() {
    const list = [];
    if (silentSince) {
        list.push(['bad', 'amba is not answering since ' + clock(silentSince) +
            '. What is shown is the last it said; this page goes on asking.']);
    }
    if (!status) return list;
    if (status.stopping) {
        list.push(['warn', 'amba is stopping: open connections may end, new ones are refused.']);
    }
    if (status.orphaned) {
        list.push(['bad', 'No network link since ' + clock(status.orphaned) +
            ': the container that this ambassador serves has ended or left its networks.']);
    }
    if (status.generation === 0) {
        list.push(['warn', 'No table yet: waiting for one in the volume.']);
    }
    if (status.rejected) {
        const {time, revision, reason} = status.rejected;
        const goesOn = status.generation > 0 ? '. The active one goes on.' : '';
        list.push(['bad', 'The last table (revision ' + revision + ') was rejected at ' +
            clock(time) + ': ' + reason + goesOn]);
    }
    if (status.unresolved?.length > 0) {
        const names = status.unresolved, more = names.length - 20;
        list.push(['warn', 'Names without an address: ' + names.slice(0, 20).join(', ') +
            (more > 0 ? ' and ' + more + ' more' : '')]);
    }
    return list;
}
function showBanners() {
    sync(byId('banners'), views.banners, banners(), banner => banner.join(),
        ([level, words]) => ({node: el('p', {class: 'banner ' + level}, el('span', {}, words))}),
        () => {});
    const live = byId('live');
    const state = silentSince ? ['unhealthy', 'not answering'] : status ? ['listening', 'live']
        : ['unknown', 'connecting'];
    attribute(live, 'class', 'state ' + state[0]);
    text(live, state[1]);
    document.body.classList.toggle('stale', silentSince !== null);
}

// ---- tiles ----
const backendsInTable = () => status.frontends.flatMap(frontend => frontend.inTable);

// "1 unhealthy, 2 ejected"
function stateWords(backends) {
    const words = [];
    for (const state of ['unhealthy', 'ejected', 'unknown']) {
        const number = backends.filter(backend => backend.state === state).length;
        if (number === backends.length && number > 0 && state === 'unknown') return 'not checked';
        if (number > 0) words.push(count(number) + ' ' + state);
    }
    return words.join(', ') || (backends.length > 0 ? 'all healthy' : 'no backend');
}

function showTiles() {
    const last = samples.at(-1), all = backendsInTable(), list = status.frontends;
    const usable = all.filter(isUsable).length;
    const waiting = sumOf(list, 'queue_current'), failed = last.failed - samples[0].failed;
    const peak = Math.max(...samples.map(sample => sample.rate));
    const retried = sumOf(list, 'retries_total');
    const tiles = [
        ['Backends up', count(usable) + ' / ' + count(all.length), stateWords(all),
            usable < all.length ? 'bad' : ''],
        ['Connections open', count(last.open), waiting > 0 ? count(waiting) + ' waiting'
            : count(sumOf(list, 'connections_total')) + ' in all'],
        ['New per second', rate(last.rate), 'at most ' + rate(peak) + ' lately'],
        ['↑ To backends', perSecond(last.up), bytes(sumOf(list, 'bytes_up')) + ' in all'],
        ['↓ To clients', perSecond(last.down), bytes(sumOf(list, 'bytes_down')) + ' in all'],
        ['Failed', count(last.failed), failed > 0 ? count(failed) + ' of them lately'
            : retried > 0 ? plural(retried, 'connect') + ' retried' : '', failed > 0 ? 'bad' : ''],
    ];
    sync(byId('tiles'), views.tiles, tiles, tile => tile[0], makeTile, (view, tile) => {
        text(view.value, tile[1]);
        text(view.note, tile[2]);
        attribute(view.note, 'class', tile[3] ?? '');
    });
    document.title = (usable < all.length ? all.length - usable + ' down · ' : '') + 'amba';
}
function makeTile(tile) {
    const value = el('span'), note = el('small');
    return {value, note, node: el('div', {class: 'card'}, el('dt', {}, tile[0]),
        el('dd', {}, value, note))};
}

// ---- graphs ----
const graphs = [
    {title: 'Throughput', least: 1000, words: perSecond,
        lines: [['down', '↓', '--down'], ['up', '↑', '--up']]},
    {title: 'Connections open', least: 4, words: count, lines: [['open', '', '--down']]},
    {title: 'New connections', least: 4, words: n => rate(n) + '/s',
        lines: [['rate', '', '--down']]},
];

function makeGraph(graph) {
    const plot = el('div', {class: 'plot'});
    const picture = svg('svg', {viewBox: '0 0 300 100', preserveAspectRatio: 'none',
        role: 'img'});
    const caption = el('figcaption', {}, el('b', {}, graph.title));
    graph.paths = graph.lines.map(([, , colour], i) => {
        const style = `--of: var(${colour})`;
        const pair = {area: svg('path', {class: 'area', style}), line: svg('path', {style})};
        picture.append(...i === 0 ? [pair.area, pair.line] : [pair.line]);
        pair.label = el('span', {class: graph.lines.length > 1 ? 'key' : '', style});
        caption.append(pair.label);
        return pair;
    });
    graph.top = el('span', {class: 'tick', style: 'top: 0'});
    graph.middle = el('span', {class: 'tick', style: 'top: 50%'});
    graph.at = el('i', {class: 'cursor', hidden: ''});
    graph.picture = picture;
    plot.append(picture, graph.top, graph.middle, graph.at);
    graph.begin = el('span');
    graph.moment = el('span');
    plot.addEventListener('pointermove', event => {
        const place = plot.getBoundingClientRect();
        graph.hover = 1 - (event.clientX - place.left) / place.width;  // of the width, from now
        drawGraph(graph);
    });
    plot.addEventListener('pointerleave', () => { graph.hover = null; drawGraph(graph); });
    byId('charts').append(el('figure', {class: 'card'}, caption, plot,
        el('div', {class: 'axis'}, graph.begin, graph.moment)));
}

// The seconds that are shown: a minute at first.
const width = () => Math.min(kGraph, Math.max(60, Math.ceil((status.t - samples[0].t) / 1000)));

// The next of 1, 2, 4, 5, 8, 10, 20...: its half is as easy to read.
function ceiling(n) {
    const power = 10 ** Math.floor(Math.log10(n));
    return [1, 2, 4, 5, 8, 10].find(step => step * power >= n * .999) * power;
}

// A path over the samples; a pause of the page is a gap.
function pathOf(key, most, isArea) {
    let path = '', previous = null;
    const x = sample => (300 - (status.t - sample.t) / width() * .3).toFixed(1);
    for (const sample of samples) {
        const y = (100 - sample[key] / most * 98).toFixed(1);
        const gap = !previous || sample.t - previous.t > 8000;
        if (gap && isArea) path += (previous ? `V100Z` : '') + `M${x(sample)} 100V${y}`;
        else path += (gap ? 'M' : 'L') + x(sample) + ' ' + y;
        previous = sample;
    }
    return isArea && previous ? path + 'V100Z' : path;
}

function drawGraph(graph) {
    if (!status) return;
    const most = ceiling(Math.max(graph.least,
        ...samples.flatMap(sample => graph.lines.map(([key]) => sample[key]))));
    let shown = samples.at(-1);
    const hovers = graph.hover != null;
    if (hovers) {
        const wanted = status.t - graph.hover * width() * 1000;
        const far = sample => Math.abs(sample.t - wanted);
        shown = samples.reduce((best, sample) => far(sample) < far(best) ? sample : best);
        graph.at.style.left = (100 - (status.t - shown.t) / width() / 10) + '%';
    }
    graph.at.hidden = !hovers;
    text(graph.begin, span(width()) + ' ago');
    text(graph.moment, hovers ? clock(shown.t) : 'now');
    text(graph.top, graph.words(most));
    text(graph.middle, graph.words(most / 2));
    const said = graph.lines.map(([key, label], i) => {
        const {area, line, label: node} = graph.paths[i];
        if (i === 0) attribute(area, 'd', pathOf(key, most, true));
        attribute(line, 'd', pathOf(key, most, false));
        const words = (label ? label + ' ' : '') + graph.words(shown[key]);
        text(node, words);
        return words;
    });
    attribute(graph.picture, 'aria-label',
        graph.title + ' of the last ' + span(width()) + '; now ' + said.join(', '));
}
