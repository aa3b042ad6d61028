/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page shows of the traces, and how it is moved about in. All that comes
 * from the traces gets into the page as text, never as markup.
 */
const SVG = "http://www.w3.org/2000/svg";
const LABEL_MAX = 19;
const SCALE_MIN = 0.6;
const data = JSON.parse(document.getElementById("data").textContent);
const view = {traces: [], graph: null, through: null, chosen: null, at: null};
const byId = id => document.getElementById(id);

function fill(element, children) {
	element.replaceChildren(...children.flat(3).filter(child => child !== null && child !== undefined && child !== ""));
	return element;
}

function el(name, attributes, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {}))
		element.setAttribute(key, value);
	return fill(element, children);
}

function svg(name, attributes, ...children) {
	const element = document.createElementNS(SVG, name);
	for (const [key, value] of Object.entries(attributes))
		element.setAttribute(key, value);
	return fill(element, children);
}

const short = text => text.length > LABEL_MAX ? text.slice(0, LABEL_MAX - 1) + "…" : text;
const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;
const clock = time => time ? time.slice(11, 23) : "";

function ms(value) {
	if (value === null || value === undefined)
		return "?";
	return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toFixed(3);
}

function endText(address, port) {
	return port === null ? address : address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function flowText(flow) {
	return `${flow.protocol} ${endText(flow.source, flow.source_port)} → ${endText(flow.destination, flow.destination_port)}`;
}

function asText(of) {
	const parts = [of.asn ? "AS" + of.asn : null, of.as_name || of.asName, of.country];
	return parts.filter(Boolean).join(" ");
}

/* The filters */

function option(value, text) {
	return el("option", {value}, text);
}

function fillSelect(select, first, counts) {
	const names = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || (a < b ? -1 : 1));
	fill(select, [option("", first), names.map(name => option("=" + name, `${name} (${counts.get(name)})`))]);
}

function countBy(traces, key) {
	const counts = new Map();
	for (const trace of traces)
		counts.set(key(trace), (counts.get(key(trace)) || 0) + 1);
	return counts;
}

const serviceKey = trace => serviceOf(trace) || "unknown service";
const destinationKey = trace => trace.flow.destination;

function ofService(traces) {
	const wanted = byId("service").value;
	return wanted === "" ? traces : traces.filter(trace => "=" + serviceKey(trace) === wanted);
}

function fillDestinations() {
	const traces = ofService(data.traces), names = new Map();
	for (const trace of traces)
		if (trace.service && trace.service.host)
			names.set(trace.flow.destination, trace.service.host);
	fillSelect(byId("destination"), "all destinations", countBy(traces, destinationKey));
	for (const entry of byId("destination").options)
		if (names.has(entry.value.slice(1)))
			entry.textContent += " " + names.get(entry.value.slice(1));
}

function applyFilters() {
	const wanted = byId("destination").value;
	view.traces = ofService(data.traces).filter(trace => wanted === "" || "=" + destinationKey(trace) === wanted);
	view.through = null;
	view.chosen = null;
	view.graph = view.traces.length > 0 ? layoutOf(view.traces) : null;
	view.at = null;
	showTiles();
	showGraph();
	showHops();
	showFlows();
}

/* The tiles */

function tile(number, text, band) {
	return el("div", {class: "tile " + (band || "")}, el("b", {}, String(number)), el("span", {}, text));
}

function showTiles() {
	const routers = new Map();
	let silent = 0;
	for (const trace of view.traces)
		for (const hop of trace.hops) {
			silent += hop.replies.length === 0;
			for (const reply of hop.replies) {
				if (!routers.has(reply.address))
					routers.set(reply.address, new Statistics());
				routers.get(reply.address).add(reply.rtt_ms);
			}
		}
	const bands = [...routers.values()].map(rtt => bandOf(rtt.average));
	const count = band => bands.filter(b => b === band).length;
	const destinations = new Set(view.traces.map(destinationKey)).size;
	const reached = view.traces.filter(trace => trace.destination_reached).length;
	fill(byId("tiles"), [
		tile(view.traces.length, view.traces.length === 1 ? "trace" : "traces"),
		tile(destinations, destinations === 1 ? "destination address" : "destination addresses"),
		tile(`${reached}/${view.traces.length}`, "traces answered by the destination"),
		tile(routers.size, "addresses that answered"),
		tile(count("high"), "of them over 100 ms on average", count("high") ? "high" : ""),
		tile(count("very-high"), "of them over 150 ms on average", count("very-high") ? "very-high" : ""),
		tile(silent, "hops without an answer"),
	]);
}

/* The graph */

function bandOfNode(node) {
	return node.kind === "silent" ? "silent" : node.kind === "source" ? "source" : bandOf(node.rtt.average);
}

function ttlText(node) {
	const ttls = node.ttls ? [...node.ttls.keys()].sort((a, b) => a - b) : [];
	if (node.kind === "silent" && node.last > ttls[0])
		return `hops ${ttls[0]} to ${node.last}`;
	return ttls.length === 0 ? "" : ttls.length === 1 ? `hop ${ttls[0]}` : `hops ${ttls.join(", ")}`;
}

function describe(node) {
	const parts = [node.kind === "silent" ? "no answer" : node.label];
	if (node.kind === "source")
		parts.push("sender of the probes");
	if (node.kind === "destination")
		parts.push("destination" + (node.rtt.count === 0 ? ", no answer of its own" : ""));
	if (node.kind !== "silent" && node.addresses.size > 0 && (node.addresses.size > 1 || !node.addresses.has(node.label)))
		parts.push([...node.addresses].slice(0, 6).join(", ") + (node.addresses.size > 6 ? " …" : ""));
	parts.push(asText(node), ttlText(node));
	if (node.rtt.count > 0)
		parts.push(`${ms(node.rtt.average)} ms on average (${ms(node.rtt.best)} to ${ms(node.rtt.worst)})`);
	parts.push(plural(node.traces.size, "trace", "traces"));
	return parts.filter(Boolean).join(" · ");
}

function secondLine(node) {
	if (node.kind === "silent")
		return node.last > usualTtl(node) ? `${usualTtl(node)}–${node.last}` : "";
	if (node.kind === "source")
		return "sender";
	return node.rtt.count > 0 ? ms(node.rtt.average) + " ms" : "no answer";
}

function drawNode(node) {
	const radius = Math.min(13, 7 + Math.log2(node.traces.size + 1));
	const shape = node.kind === "destination" || node.kind === "source"
		? ring => svg("rect", {class: ring ? "ring" : "mark", x: -radius - (ring ? 4 : 0), y: -radius - (ring ? 4 : 0),
			width: 2 * radius + (ring ? 8 : 0), height: 2 * radius + (ring ? 8 : 0), rx: 4})
		: ring => svg("circle", {class: ring ? "ring" : "mark", r: radius + (ring ? 4 : 0)});
	const group = svg("g", {class: `node ${node.kind} ${bandOfNode(node)}`, transform: `translate(${node.x} ${node.y})`,
		role: "button", tabindex: -1, "aria-label": describe(node), "aria-pressed": "false", "data-key": node.key});
	fill(group, [svg("title", {}, describe(node)), shape(true), shape(false),
		node.label ? svg("text", {y: radius + 13}, short(node.label)) : null,
		svg("text", {class: "second", y: radius + (node.label ? 25 : 13)}, secondLine(node))]);
	group.addEventListener("click", () => { moveTo(node, true); goThrough(node); });
	group.addEventListener("focus", () => setCurrent(node));
	node.element = group;
	return group;
}

function edgePath(edge) {
	const points = edge.chain;
	let path = `M${points[0].x} ${points[0].y}`;
	for (let i = 1; i < points.length; i++) {
		const a = points[i - 1], b = points[i];
		if (b.column > a.column) {
			const bend = (b.x - a.x) / 2;
			path += `C${a.x + bend} ${a.y} ${b.x - bend} ${b.y} ${b.x} ${b.y}`;
		} else {
			const low = Math.max(a.y, b.y) + ROW; /* back, or within a layer: around below */
			path += `C${a.x + COLUMN / 2} ${low} ${b.x - COLUMN / 2} ${low} ${b.x} ${b.y}`;
		}
	}
	return path;
}

function drawEdge(edge) {
	const text = plural(edge.traces.size, "trace", "traces") + (edge.dashed ? ", the destination gave no answer of its own" : "");
	edge.element = svg("path", {class: "edge" + (edge.dashed ? " unanswered" : ""), d: edgePath(edge),
		"stroke-width": Math.min(9, 1.3 + Math.log2(edge.traces.size)).toFixed(2)}, svg("title", {}, text));
	return edge.element;
}

function showGraph() {
	const graph = view.graph;
	byId("node-detail").textContent = "";
	if (!graph) {
		fill(byId("graph"), [el("p", {}, "No traces.")]);
		return;
	}
	const columns = graph.columns.map((ttl, i) => svg("text", {class: "layer", x: MARGIN + i * COLUMN, y: 14},
		ttl === 0 ? "" : `hop ${ttl}`));
	const picture = svg("svg", {role: "group", "aria-label": `Graph of ${plural(view.traces.length, "path", "paths")}`,
		"aria-describedby": "graph-help", viewBox: `0 0 ${graph.width} ${graph.height}`},
		columns, graph.edges.map(drawEdge), [...graph.nodes.values()].map(drawNode));
	picture.addEventListener("keydown", graphKey);
	graph.element = picture;
	fill(byId("graph"), [picture]);
	setCurrent(graph.layers[0][0]);
	byId("node-detail").textContent = "";
	fitGraph();
}

function fitGraph() {
	if (!view.graph)
		return;
	const {width, height, element} = view.graph, fit = byId("fit").checked;
	/* Smaller than that, labels cannot be read. */
	element.style.width = fit ? `max(${SCALE_MIN * width}px, min(100%, ${width}px))` : `${width}px`;
	element.style.height = fit ? "auto" : `${height}px`;
}

/* The one node that Tab comes to. */
function setCurrent(node) {
	if (view.at && view.at.element)
		view.at.element.setAttribute("tabindex", -1);
	view.at = node;
	node.element.setAttribute("tabindex", 0);
	byId("node-detail").textContent = describe(node);
}

function moveTo(node) {
	setCurrent(node);
	node.element.focus();
	node.element.scrollIntoView({block: "nearest", inline: "nearest"});
}

function nearest(nodes, y) {
	return nodes.reduce((best, node) => !best || Math.abs(node.y - y) < Math.abs(best.y - y) ? node : best, null);
}

/* Along the lines where there is one, else to the nearest of the next column. */
function sideways(node, step) {
	const linked = view.graph.edges.filter(edge => (step > 0 ? edge.from : edge.to) === node.key)
		.map(edge => view.graph.nodes.get(step > 0 ? edge.to : edge.from)).filter(n => (n.column - node.column) * step > 0);
	const column = view.graph.layers[node.column + step] || [];
	return nearest(linked.length > 0 ? linked : column, node.y);
}

function graphKey(event) {
	const node = view.at, column = [...view.graph.layers[node.column]].sort((a, b) => a.y - b.y), place = column.indexOf(node);
	const moves = {ArrowRight: () => sideways(node, 1), ArrowLeft: () => sideways(node, -1),
		ArrowDown: () => column[place + 1], ArrowUp: () => column[place - 1],
		Home: () => view.graph.layers[0][0], End: () => view.graph.layers[view.graph.layers.length - 1][0]};
	if (event.key in moves) {
		const next = moves[event.key]();
		if (next)
			moveTo(next);
	} else if (event.key === "Enter" || event.key === " ") {
		goThrough(node);
	} else if (event.key === "Escape") {
		goThrough(null);
	} else {
		return;
	}
	event.preventDefault();
}

/* Shows the traces through a node; all again if it is shown already. */
function goThrough(node) {
	view.through = node && node !== view.through ? node : null;
	showFlows();
	if (node)
		setCurrent(node);
}

function highlight() {
	const graph = view.graph;
	if (!graph)
		return;
	const on = set => view.chosen !== null ? set.has(view.chosen) : false;
	const faded = view.chosen !== null && view.traces.length > 1;
	graph.element.classList.toggle("faded", faded);
	for (const edge of graph.edges)
		edge.element.classList.toggle("on", on(edge.traces));
	for (const node of graph.nodes.values()) {
		node.element.classList.toggle("on", on(node.traces));
		node.element.classList.toggle("selected", node === view.through);
		node.element.setAttribute("aria-pressed", String(node === view.through));
	}
}

/* The list of flows */

function lastRtt(trace) {
	for (let i = trace.hops.length - 1; i >= 0; i--)
		for (const reply of trace.hops[i].replies)
			if (reply.rtt_ms !== null)
				return reply.rtt_ms;
	return null;
}

function flowRow(trace, index) {
	const rtt = lastRtt(trace), answered = trace.distance || Math.max(0, ...trace.hops.filter(hop => hop.replies.length > 0).map(hop => hop.ttl || 0));
	const row = el("div", {role: "option", id: `flow-${index}`, "aria-selected": "false"},
		el("span", {}, String(trace.trace)), el("span", {}, targetOf(trace)), el("span", {}, flowText(trace.flow)),
		el("span", {}, clock(trace.start)), el("span", {}, String(answered)),
		el("span", {}, el("i", {class: "dot " + bandOf(rtt)}), rtt === null ? "?" : ms(rtt) + " ms"), el("span", {}, trace.stop_reason || ""));
	row.addEventListener("click", () => { choose(index); byId("flows").focus(); });
	return row;
}

function listed() {
	const all = view.traces.map((_, index) => index);
	return view.through ? all.filter(index => view.through.traces.has(index)) : all;
}

function showFlows() {
	const list = listed();
	fill(byId("flows"), list.map(index => flowRow(view.traces[index], index)));
	byId("flow-count").textContent = view.through
		? `${list.length} of ${view.traces.length}, through ${view.through.kind === "silent" ? "a silent hop" : view.through.label}`
		: plural(list.length, "trace", "traces");
	if (view.chosen === null || !list.includes(view.chosen))
		view.chosen = list.length > 0 && (view.through || view.traces.length === 1) ? list[0] : null;
	choose(view.chosen);
}

function choose(index) {
	for (const row of byId("flows").querySelectorAll("[aria-selected=true]"))
		row.setAttribute("aria-selected", "false");
	view.chosen = index;
	const row = index === null ? null : byId(`flow-${index}`);
	if (row) {
		row.setAttribute("aria-selected", "true");
		row.scrollIntoView({block: "nearest"});
		byId("flows").setAttribute("aria-activedescendant", row.id);
	} else {
		byId("flows").removeAttribute("aria-activedescendant");
	}
	highlight();
	showFlow(index === null ? null : view.traces[index]);
}

function flowsKey(event) {
	const list = listed(), place = list.indexOf(view.chosen), page = 10;
	const moves = {ArrowDown: place + 1, ArrowUp: Math.max(0, place - 1), Home: 0, End: list.length - 1,
		PageDown: place + page, PageUp: Math.max(0, place - page)};
	if (event.key === "Escape")
		goThrough(null), choose(null);
	else if (event.key in moves && list.length > 0)
		choose(list[Math.min(list.length - 1, moves[event.key])]);
	else
		return;
	event.preventDefault();
}

/* One flow */

function fact(name, value) {
	return value === null || value === undefined || value === "" ? null : el("li", {}, name ? el("span", {}, name) : null, el("b", {}, String(value)));
}

function plot(replies, most) {
	const x = value => (5 + 180 * value / most).toFixed(1);
	const picture = svg("svg", {class: "plot", viewBox: "0 0 190 18", "aria-hidden": "true"}, svg("line", {x1: 5, y1: 9, x2: 185, y2: 9}));
	for (const reply of replies)
		if (reply.rtt_ms !== null)
			picture.append(svg("circle", {class: bandOf(reply.rtt_ms), cx: x(reply.rtt_ms), cy: 9, r: 4}));
	return picture;
}

function routerCell(reply) {
	return el("div", {class: "router"}, reply.name ? [reply.name, " "] : null, reply.name ? el("small", {}, reply.address) : reply.address,
		asText(reply) ? [" ", el("small", {}, asText(reply))] : null);
}

/* What is out of the ordinary about a reply. */
function tagsOf(reply) {
	const tags = (reply.mpls || []).map(label => `MPLS ${label.label} (TC ${label.tc}, TTL ${label.ttl})`);
	if (reply.destination)
		tags.push("destination");
	if (reply.tcp_flags)
		tags.push("TCP " + reply.tcp_flags.join(" ").toUpperCase());
	else if (![3, 11].includes(reply.icmp_type) || reply.icmp_code !== 0 || (reply.icmp_type === 3) !== reply.address.includes(":"))
		tags.push(`ICMP type ${reply.icmp_type}, code ${reply.icmp_code}`);
	if (reply.quoted_ttl !== null && reply.quoted_ttl !== 1)
		tags.push(`quoted TTL ${reply.quoted_ttl}`);
	if (reply.altered)
		tags.push(`quoted otherwise: ${reply.altered.join(", ")}`);
	return tags;
}

function distinct(list, key) {
	return [...new Map(list.map(item => [key(item), item])).values()];
}

/* Silent hops in a row, of traces or of a trace, are shown as one: of the first, up to `last`. */
function foldSilent(hops, isSilent) {
	const folded = [];
	for (const hop of hops) {
		const before = folded[folded.length - 1];
		if (before && isSilent(before) && isSilent(hop) && before.sent === hop.sent && (before.last || before.ttl) === hop.ttl - 1)
			folded[folded.length - 1] = {...before, last: hop.ttl};
		else
			folded.push(hop);
	}
	return folded;
}

const hopText = hop => hop.ttl === null ? "?" : hop.last ? `${hop.ttl}–${hop.last}` : String(hop.ttl);

function hopRow(hop, most) {
	const rtt = new Statistics(), band = hop.replies.length === 0 ? "silent" : null;
	hop.replies.forEach(reply => rtt.add(reply.rtt_ms));
	const answered = new Set(hop.replies.map(reply => reply.probe)).size;
	return el("tr", {}, el("td", {class: "number"}, hopText(hop)),
		el("td", {}, el("i", {class: "dot " + (band || bandOf(rtt.average))})),
		el("td", {}, hop.replies.length === 0 ? "no answer" : distinct(hop.replies, reply => reply.address).map(routerCell)),
		el("td", {class: "number"}, hop.replies.map(reply => ms(reply.rtt_ms)).join("\u2002")),
		numbers(rtt.count > 0 ? ms(rtt.average) : "", hop.rtt && hop.rtt.jitter_ms !== null ? ms(hop.rtt.jitter_ms) : ""),
		el("td", {}, plot(hop.replies, most)), el("td", {class: "number"}, `${answered}/${hop.sent}`),
		el("td", {}, [...new Set(hop.replies.flatMap(tagsOf))].map(text => el("span", {class: "tag"}, text))));
}

function heads(...names) {
	return el("thead", {}, el("tr", {}, names.map(name => el("th", name.startsWith("#") ? {class: "number", scope: "col"} : {scope: "col"}, name.replace("#", "")))));
}

function noteText(note) {
	return (note.ttl === null ? "" : `hop ${note.ttl}: `) + note.detail;
}

function showFlow(trace) {
	byId("flow-section").classList.toggle("empty", !trace);
	if (!trace) {
		fill(byId("flow"), [el("p", {class: "help"}, "Choose a flow above, with the mouse or the arrow keys.")]);
		return;
	}
	const service = trace.service || {}, most = Math.max(0.001, ...trace.hops.flatMap(hop => hop.replies.map(reply => reply.rtt_ms || 0)));
	fill(byId("flow"), [
		el("ul", {class: "facts"}, fact("", flowText(trace.flow)), fact("service", service.name),
			fact("host", service.host && service.host + (service.ech ? " (encrypted name behind it)" : "")), fact("known by", service.evidence),
			fact("kind", trace.kind), fact("start", trace.start), fact("algorithm", trace.algorithm), fact("probes", trace.probes_sent),
			fact("replies", trace.replies_received), fact("distance", trace.distance), fact("ended by", trace.stop_reason),
			fact("Community ID", trace.flow.community_id)),
		trace.notes.length > 0 ? el("ul", {class: "notes"}, trace.notes.map(note => el("li", {}, noteText(note)))) : null,
		el("div", {class: "scroll"}, el("table", {}, heads("#Hop", "", "Who answered", "#RTTs in ms", "#Average", "#Jitter", `0 to ${ms(most)} ms`, "#Answers", ""),
			el("tbody", {}, foldSilent(trace.hops, hop => hop.replies.length === 0).map(hop => hopRow(hop, most))))),
	]);
}

/* The hops of all traces */

function hopGroups() {
	const groups = new Map();
	for (const trace of view.traces)
		for (const hop of trace.hops) {
			if (!groups.has(hop.ttl))
				groups.set(hop.ttl, {ttl: hop.ttl, sent: 0, answered: 0, traces: 0, silent: 0, routers: new Map()});
			const group = groups.get(hop.ttl);
			group.traces++;
			group.sent += hop.sent;
			group.answered += new Set(hop.replies.map(reply => reply.probe)).size;
			group.silent += hop.replies.length === 0;
			for (const reply of hop.replies) {
				if (!group.routers.has(reply.address))
					group.routers.set(reply.address, {reply, rtt: new Statistics(), traces: new Set()});
				group.routers.get(reply.address).rtt.add(reply.rtt_ms);
				group.routers.get(reply.address).traces.add(trace);
			}
		}
	return [...groups.values()].sort((a, b) => (a.ttl === null ? 256 : a.ttl) - (b.ttl === null ? 256 : b.ttl));
}

function numbers(...values) {
	return values.map(value => el("td", {class: "number"}, value));
}

function groupRows(group) {
	const routers = [...group.routers.values()].sort((a, b) => b.traces.size - a.traces.size);
	const share = count => `${Math.round(100 * count / group.traces)} %`;
	const rows = routers.map(({reply, rtt, traces}) => [el("td", {}, el("i", {class: "dot " + bandOf(rtt.average)})), el("td", {}, routerCell(reply)),
		numbers(`${traces.size} (${share(traces.size)})`, rtt.count ? ms(rtt.best) : "", rtt.count ? ms(rtt.average) : "", rtt.count ? ms(rtt.worst) : "")]);
	if (group.silent > 0)
		rows.push([el("td", {}, el("i", {class: "dot silent"})), el("td", {}, "no answer"), numbers(`${group.silent} (${share(group.silent)})`, "", "", "")]);
	return rows.map((cells, i) => el("tr", {}, i > 0 ? null
		: el("th", {class: "number", scope: "rowgroup", rowspan: rows.length}, hopText(group)),
		cells, i > 0 ? null : el("td", {class: "number", rowspan: rows.length}, `${group.answered}/${group.sent}`)));
}

function showHops() {
	fill(byId("hops"), [heads("#Hop", "", "Who answered", "#Traces", "#Best ms", "#Average ms", "#Worst ms", "#Answers"),
		foldSilent(hopGroups(), group => group.routers.size === 0).map(group => el("tbody", {}, groupRows(group)))]);
}

/* The page */

function showHead() {
	const times = data.traces.map(trace => trace.start || trace.end).filter(Boolean).sort();
	const services = new Set(data.traces.map(serviceOf).filter(Boolean));
	const span = times.length > 0 ? ` · ${times[0].slice(0, 19).replace("T", " ")} to ${times[times.length - 1].slice(0, 19).replace("T", " ")} UTC` : "";
	byId("subtitle").textContent = plural(data.traces.length, "trace", "traces")
		+ (services.size > 0 ? ` to ${plural(services.size, "service", "services")}` : "") + span;
	byId("footer").textContent = `Written by ${data.about.generator || "Service Traceroute"}. Times are UTC, RTTs in milliseconds.`;
	if (data.about.left_out > 0) {
		byId("left-out").hidden = false;
		byId("left-out").textContent = `${plural(data.about.left_out, "trace is", "traces are")} not in this page: there were too many.`;
	}
}

function start() {
	showHead();
	fillSelect(byId("service"), "all services", countBy(data.traces, serviceKey));
	fillDestinations();
	byId("service").addEventListener("change", () => { fillDestinations(); applyFilters(); });
	byId("destination").addEventListener("change", applyFilters);
	byId("reset").addEventListener("click", () => { byId("service").value = ""; fillDestinations(); applyFilters(); });
	byId("fit").addEventListener("change", fitGraph);
	byId("flows").addEventListener("keydown", flowsKey);
	applyFilters();
}

start();
