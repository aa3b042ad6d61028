/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paths of traces as a graph in layers, one a hop, and where its nodes stand.
 * Knows the JSON report, and nothing of the page.
 */
"use strict";

const HIGH_MS = 100, VERY_HIGH_MS = 150;
/* More in one layer cannot be told apart; the rarest become one node. */
const LAYER_NODES_MAX = 26;
const SWEEPS = 12;
const COLUMN = 132, ROW = 54, DUMMY_ROW = 16, MARGIN = 70;

function bandOf(ms) {
	if (ms === null || ms === undefined)
		return "unknown";
	return ms <= HIGH_MS ? "good" : ms <= VERY_HIGH_MS ? "high" : "very-high";
}

function serviceOf(trace) {
	return trace.service && trace.service.name || null;
}

/* What stands for the destination: its service, whatever its address, else its name or address. */
function targetOf(trace) {
	return serviceOf(trace) || trace.service && trace.service.host || trace.flow.destination;
}

class Statistics {
	constructor() {
		this.count = 0;
		this.sum = 0;
		this.best = Infinity;
		this.worst = -Infinity;
	}
	add(ms) {
		if (ms === null)
			return;
		this.count++;
		this.sum += ms;
		this.best = Math.min(this.best, ms);
		this.worst = Math.max(this.worst, ms);
	}
	get average() {
		return this.count > 0 ? this.sum / this.count : null;
	}
}

/* A trace as steps: who answered at each hop (at: [{key, probe, reply}]); silent hops in a row are one. */
function stepsOf(trace) {
	const target = "to " + targetOf(trace);
	const steps = [{ttl: 0, at: [{key: "from " + trace.flow.source, probe: 0}]}];
	const hops = trace.hops.filter(hop => hop.ttl !== null);
	for (const hop of hops) {
		const before = steps[steps.length - 1];
		if (hop.replies.length > 0)
			steps.push({ttl: hop.ttl, at: hop.replies.map(reply => ({
				key: reply.destination ? target : reply.address, probe: reply.probe, reply}))});
		else if (before.silent && before.last === hop.ttl - 1)
			before.last = hop.ttl;
		else
			steps.push({ttl: hop.ttl, last: hop.ttl, silent: true, at: []});
	}
	if (!trace.destination_reached)
		steps.push({ttl: null, unanswered: true, at: [{key: target, probe: 0}]});
	steps.forEach((step, i) => {
		if (!step.silent)
			return;
		step.at = [{key: `silent ${step.last - step.ttl} ${steps[i - 1].at[0].key}`, probe: 0}];
	});
	return steps;
}

function newNode(key, step, place, trace) {
	const reply = place.reply;
	const node = {key, rtt: new Statistics(), traces: new Set(), ttls: new Map(), addresses: new Set()};
	if (step.silent) {
		node.kind = "silent";
		node.label = "";
	} else if (key.startsWith("from ")) {
		node.kind = "source";
		node.label = trace.flow.source;
	} else if (key.startsWith("to ")) {
		node.kind = "destination";
		node.label = targetOf(trace);
	} else {
		node.kind = "router";
		node.label = reply.name || reply.address;
		node.asn = reply.asn;
		node.asName = reply.as_name;
	}
	return node;
}

function addStep(nodes, step, trace, index) {
	for (const place of step.at) {
		let node = nodes.get(place.key);
		if (!node)
			nodes.set(place.key, node = newNode(place.key, step, place, trace));
		node.traces.add(index);
		if (step.ttl !== null)
			node.ttls.set(step.ttl, (node.ttls.get(step.ttl) || 0) + 1);
		if (step.silent)
			node.last = Math.max(node.last || 0, step.last);
		if (place.reply) {
			node.rtt.add(place.reply.rtt_ms);
			node.addresses.add(place.reply.address);
		} else if (node.kind === "destination") {
			node.addresses.add(trace.flow.destination);
		}
	}
}

/* The TTL at which a router answered most often, the lowest of several. */
function usualTtl(node) {
	let best = 0, most = 0;
	for (const [ttl, count] of node.ttls)
		if (count > most || (count === most && ttl < best))
			[best, most] = [ttl, count];
	return best;
}

function setLayers(nodes, paths) {
	for (const node of nodes.values())
		node.layer = usualTtl(node);
	/* Destinations stand to the right of all that leads to them. */
	for (const steps of paths) {
		const last = steps[steps.length - 1], before = steps[steps.length - 2];
		for (const place of last.at) {
			const node = nodes.get(place.key);
			if (node.kind === "destination" && before)
				node.layer = Math.max(node.layer, ...before.at.map(p => nodes.get(p.key).layer + 1));
		}
	}
}

/* Layers that nobody is in take no room; returns the TTL of each that is left. */
function closeGaps(nodes) {
	const ttls = [...new Set([...nodes.values()].map(node => node.layer))].sort((a, b) => a - b);
	for (const node of nodes.values())
		node.layer = ttls.indexOf(node.layer);
	return ttls;
}

/* Where a layer has too many nodes, the rarest of its routers and destinations become one. */
function foldLayers(nodes) {
	const layers = new Map(), folded = new Map();
	for (const node of nodes.values())
		layers.set(node.layer, [...layers.get(node.layer) || [], node]);
	for (const [layer, all] of layers) {
		if (all.length <= LAYER_NODES_MAX)
			continue;
		all.sort((a, b) => b.traces.size - a.traces.size);
		const rest = all.slice(LAYER_NODES_MAX - 1), key = "more " + layer;
		const more = {key, kind: "more", layer, label: `${rest.length} more`, rtt: new Statistics(),
			traces: new Set(), addresses: new Set()};
		for (const node of rest) {
			folded.set(node.key, key);
			nodes.delete(node.key);
			node.traces.forEach(trace => more.traces.add(trace));
			node.addresses.forEach(address => more.addresses.add(address));
			more.rtt.count += node.rtt.count;
			more.rtt.sum += node.rtt.sum;
			more.rtt.best = Math.min(more.rtt.best, node.rtt.best);
			more.rtt.worst = Math.max(more.rtt.worst, node.rtt.worst);
		}
		nodes.set(key, more);
	}
	return folded;
}

/* The n-th probe's answer follows the answer to the n-th probe of the hop before. */
function edgesOf(paths, folded) {
	const edges = new Map(), keyOf = place => folded.get(place.key) || place.key;
	paths.forEach((steps, index) => {
		for (let i = 1; i < steps.length; i++) {
			for (const place of steps[i].at) {
				const before = steps[i - 1].at.find(p => p.probe === place.probe) || steps[i - 1].at[0];
				const from = keyOf(before), to = keyOf(place), dashed = Boolean(steps[i].unanswered);
				if (from === to)
					continue;
				const id = `${from}\n${to}\n${dashed}`;
				if (!edges.has(id))
					edges.set(id, {from, to, dashed, traces: new Set()});
				edges.get(id).traces.add(index);
			}
		}
	});
	return [...edges.values()];
}

/* Chains of dummies lead long edges between the nodes of the layers that they cross. */
function chainsOf(nodes, edges) {
	const dummies = [];
	for (const edge of edges) {
		const from = nodes.get(edge.from), to = nodes.get(edge.to);
		edge.chain = [from];
		for (let layer = from.layer + 1; layer < to.layer; layer++) {
			const dummy = {dummy: true, layer, links: []};
			dummies.push(dummy);
			edge.chain.push(dummy);
		}
		edge.chain.push(to);
	}
	return dummies;
}

function orderLayers(items, edges) {
	const layers = [];
	for (const item of items) {
		item.before = [];
		item.after = [];
		(layers[item.layer] ||= []).push(item);
	}
	for (const edge of edges)
		for (let i = 1; i < edge.chain.length; i++) {
			edge.chain[i - 1].after.push(edge.chain[i]);
			edge.chain[i].before.push(edge.chain[i - 1]);
		}
	const rank = layer => layer && layer.forEach((item, i) => { item.order = i; });
	layers.forEach(rank);
	for (let sweep = 0; sweep < SWEEPS; sweep++) {
		const forward = sweep % 2 === 0;
		for (const layer of forward ? layers : [...layers].reverse()) {
			if (!layer)
				continue;
			for (const item of layer) {
				const near = forward ? item.before : item.after;
				item.wish = near.length > 0 ? near.reduce((sum, n) => sum + n.order / Math.max(1, layers[n.layer].length - 1 || 1), 0) / near.length
					: item.order / Math.max(1, layer.length - 1);
			}
			layer.sort((a, b) => a.wish - b.wish || a.order - b.order);
			rank(layer);
		}
	}
	return layers.filter(Boolean);
}

const heightOf = item => item.dummy ? DUMMY_ROW : ROW;

/*
 * Each as near to the height of its neighbours as the order and the room between
 * nodes allow: where wishes collide, those who collide share the average of what
 * is left of them (the pool adjacent violators algorithm).
 */
function placeLayer(layer, near) {
	const blocks = [];
	let offset = 0;
	for (const item of layer) {
		const links = near(item);
		const wish = links.length > 0 ? links.reduce((sum, n) => sum + n.y, 0) / links.length : item.y;
		item.offset = offset + heightOf(item) / 2;
		offset += heightOf(item);
		let block = {items: [item], sum: wish - item.offset, count: 1};
		while (blocks.length > 0 && blocks[blocks.length - 1].sum / blocks[blocks.length - 1].count > block.sum / block.count) {
			const above = blocks.pop();
			block = {items: above.items.concat(block.items), sum: above.sum + block.sum, count: above.count + block.count};
		}
		blocks.push(block);
	}
	for (const block of blocks)
		for (const item of block.items)
			item.y = block.sum / block.count + item.offset;
}

function placeNodes(layers) {
	for (const layer of layers) {
		let y = 0;
		for (const item of layer) {
			item.y = y + heightOf(item) / 2;
			y += heightOf(item);
		}
		for (const item of layer)
			item.y -= y / 2;
	}
	for (let sweep = 0; sweep < SWEEPS; sweep++) {
		const forward = sweep % 2 === 0;
		for (const layer of forward ? layers : [...layers].reverse())
			placeLayer(layer, item => sweep < SWEEPS - 2 ? forward ? item.before : item.after : [...item.before, ...item.after]);
	}
	const top = Math.min(...layers.flat().map(item => item.y));
	layers.forEach((layer, column) => layer.forEach(item => {
		item.column = column;
		item.x = MARGIN + column * COLUMN;
		item.y += 40 - top;
	}));
}

/* {nodes: Map, edges, width, height, columns: [TTL]}; the traces in it are indices into `traces`. */
function layoutOf(traces) {
	const nodes = new Map(), paths = traces.map(stepsOf);
	paths.forEach((steps, index) => steps.forEach(step => addStep(nodes, step, traces[index], index)));
	setLayers(nodes, paths);
	const columns = closeGaps(nodes), folded = foldLayers(nodes), edges = edgesOf(paths, folded);
	const items = [...nodes.values(), ...chainsOf(nodes, edges)];
	const layers = orderLayers(items, edges);
	placeNodes(layers);
	return {nodes, edges, layers: layers.map(layer => layer.filter(item => !item.dummy)),
		columns,
		width: 2 * MARGIN + (layers.length - 1) * COLUMN,
		height: Math.max(...items.map(item => item.y)) + 46};
}
