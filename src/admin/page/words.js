// Constants, and how numbers, times and elements are written.
'use strict';

const kGraph = 300;           // seconds that the graphs show, once the page has been open as long
const kStrip = 600;           // seconds that the health history shows
const kOpenFrontends = 20;    // further ones begin folded
const kShownBackends = 50;    // further ones are shown when asked for

// ---- numbers and times as words ----
const plain = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const short = new Intl.NumberFormat('en', {maximumSignificantDigits: 3});

function scaled(n, units) {
    let at = 0;
    while (n >= 999.5 && at < units.length - 1) { n /= 1000; ++at; }
    return (at === 0 && units[0] === '' ? plain : short).format(n) + units[at];
}
const count = n => n < 99999.5 ? plain.format(n) : scaled(n, ['', ' k', ' M', ' G', ' T']);
const rate = n => n > 0 && n < 9.95 ? String(Math.round(n * 10) / 10) : count(n);
const bytes = n => scaled(n, [' B', ' kB', ' MB', ' GB', ' TB', ' PB']);
const perSecond = n => bytes(n) + '/s';
const percent = part => part > 0 && part < .01 ? '<1 %' : Math.round(part * 100) + ' %';

function span(seconds) {
    const s = Math.max(0, Math.floor(seconds));
    if (s < 60) return s + ' s';
    if (s < 3600) return Math.floor(s / 60) + ' min';
    if (s < 86400) return Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
    return Math.floor(s / 86400) + ' d ' + Math.floor(s % 86400 / 3600) + ' h';
}
const two = new Intl.NumberFormat('en', {maximumSignificantDigits: 2});
const lasted = s => s < 1 ? two.format(s * 1000) + ' ms' : s < 100 ? two.format(s) + ' s' : span(s);
function clock(time) {
    const t = new Date(time);
    return Date.now() - t < 86400e3 ? t.toLocaleTimeString('en-GB') : t.toLocaleString('en-GB',
        {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'});
}
const plural = (n, word) => count(n) + ' ' + word + (n === 1 ? '' : 's');

// ---- the document: all that comes from the daemon is text ----
function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
}
const el = (tag, attributes = {}, ...children) =>
    fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) =>
    fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
// These touch what changed alone: selections and scroll positions stay.
function text(node, value) {
    if (node.textContent !== value) node.textContent = value;
}
function attribute(node, name, value) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}
const byId = id => document.getElementById(id);

// Makes the children of `parent` those of `items`, in order. `make` gives {node, ...}.
function sync(parent, views, items, keyOf, make, update) {
    const keys = new Set();
    for (const item of items) {
        let key = keyOf(item);
        while (keys.has(key)) key += '\n';
        keys.add(key);
    }
    for (const [key, view] of views) {
        if (keys.has(key)) continue;
        view.node.remove();
        views.delete(key);
    }
    let next = parent.firstElementChild, index = 0;
    for (const key of keys) {
        if (!views.has(key)) views.set(key, make(items[index], index));
        const view = views.get(key);
        if (view.node === next) next = next.nextElementSibling;
        else parent.insertBefore(view.node, next);
        update(view, items[index++]);
    }
}
