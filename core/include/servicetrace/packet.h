/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets as seen on a wire: a frame that a driver lends, the decoded view of
 * its IP packet, the quote inside an ICMP error, and ICMP extensions.
 * Decoding copies no payload and allocates nothing; offsets point into the frame.
 */
#ifndef SERVICETRACE_PACKET_H
#define SERVICETRACE_PACKET_H

#include <servicetrace/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Link-layer types, with the numbers of pcap-linktype(7). */
enum st_link_type {
	ST_LINK_NULL = 0, /* BSD loopback, family in the writer's byte order */
	ST_LINK_ETHERNET = 1,
	ST_LINK_TOKEN_RING = 6,
	ST_LINK_SLIP = 8,
	ST_LINK_PPP = 9, /* with or without HDLC framing */
	ST_LINK_FDDI = 10,
	ST_LINK_ATM_BSD = 11, /* what libpcap calls LINKTYPE_ATM_RFC1483 */
	ST_LINK_RAW_BSD = 12, /* what libpcap on Linux calls DLT_RAW */
	ST_LINK_RAW_OPENBSD = 14,
	ST_LINK_PPP_HDLC = 50,	/* serial lines: PPP in HDLC framing, or Cisco HDLC */
	ST_LINK_PPP_ETHER = 51, /* begins with the PPPoE header */
	ST_LINK_ATM = 100,	/* RFC 2684 with LLC */
	ST_LINK_RAW = 101,
	ST_LINK_C_HDLC = 104, /* Cisco HDLC */
	ST_LINK_WIFI = 105,   /* IEEE 802.11 */
	ST_LINK_FRAME_RELAY = 107,
	ST_LINK_LOOP = 108, /* OpenBSD loopback, family in network byte order */
	ST_LINK_ENC = 109,  /* OpenBSD, packets inside of IPsec */
	ST_LINK_SLL = 113,  /* Linux "cooked" capture, version 1 */
	ST_LINK_PFLOG = 117,
	ST_LINK_WIFI_PRISM = 119,
	ST_LINK_FIBRE_CHANNEL = 122, /* IP over it, RFC 2625 */
	ST_LINK_SUNATM = 123,
	ST_LINK_WIFI_RADIOTAP = 127,
	ST_LINK_ARCNET = 129,
	ST_LINK_FIREWIRE = 138,	    /* Apple's IP over IEEE 1394 */
	ST_LINK_PKTAP_DARWIN = 149, /* a private number: what macOS uses it for */
	ST_LINK_WIFI_AVS = 163,
	ST_LINK_PPP_PPPD = 166, /* PPP with the direction in place of the address */
	ST_LINK_JUNIPER_ETHERNET = 178,
	ST_LINK_PPI = 192, /* per-packet information, then another link type */
	ST_LINK_ERF = 197,
	ST_LINK_PPP_DIRECTION = 204,
	ST_LINK_C_HDLC_DIRECTION = 205,
	ST_LINK_FRAME_RELAY_DIRECTION = 206,
	ST_LINK_MPLS = 219,
	ST_LINK_IPNET = 226, /* Solaris */
	ST_LINK_IPV4 = 228,
	ST_LINK_IPV6 = 229,
	ST_LINK_NFLOG = 239, /* Linux's packet filter */
	ST_LINK_INFINIBAND = 242,
	ST_LINK_PKTAP = 258,	/* macOS, then another link type */
	ST_LINK_PREAMBLE = 259, /* Ethernet behind the preamble of EPON */
	ST_LINK_MPACKET = 274,	/* Ethernet behind a preamble, IEEE 802.3br */
	ST_LINK_SLL2 = 276,	/* Linux "cooked" capture, version 2 */
	ST_LINK_BROADCOM = 281, /* tags of switch chips (DSA) in Ethernet, or before it */
	ST_LINK_BROADCOM_BEFORE = 282,
	ST_LINK_MARVELL = 284,
	ST_LINK_MARVELL_TYPED = 285,
};

/* Which way a frame went as seen from the capturing host. */
enum st_direction { ST_DIRECTION_UNKNOWN = 0, ST_DIRECTION_IN, ST_DIRECTION_OUT };

/* A captured frame, lent for the length of one call. */
struct st_frame {
	uint64_t stamp_ns;    /* capture time, wall clock */
	uint64_t cookie;      /* the caller's own (a frame number); comes back in events */
	const uint8_t *bytes; /* captured_bytes of them */
	uint32_t captured_bytes;
	uint32_t wire_bytes; /* length on the wire, >= captured_bytes */
	uint32_t link_type;  /* enum st_link_type, or any other LINKTYPE_ value */
	uint32_t interface;  /* the caller's number of the interface; probes name it */
	enum st_direction direction;
	bool names_only; /* of no flow that is wanted: only listened to for names (DNS) */
};

#define ST_PROTOCOL_ICMP 1
#define ST_PROTOCOL_TCP 6
#define ST_PROTOCOL_UDP 17
#define ST_PROTOCOL_ICMPV6 58
#define ST_PROTOCOL_SCTP 132

#define ST_TCP_FIN 0x01
#define ST_TCP_SYN 0x02
#define ST_TCP_RST 0x04
#define ST_TCP_PSH 0x08
#define ST_TCP_ACK 0x10
#define ST_TCP_URG 0x20

/* A TCP header (RFC 9293) with the options that matter here (RFC 7323, RFC 2018). */
struct st_tcp {
	uint32_t seq;
	uint32_t ack;
	uint16_t window;      /* as on the wire, unscaled */
	uint8_t flags;	      /* ST_TCP_*, also ECE 0x40 and CWR 0x80 */
	uint8_t header_bytes; /* with options */
	bool has_timestamps;
	bool sack_permitted;
	bool has_sack_blocks;
	bool options_cut; /* captured bytes end inside the options: the four above may lie low */
	uint32_t tsval, tsecr; /* only with has_timestamps */
};

struct st_udp {
	uint16_t length;
	uint16_t checksum;
};

/* ICMP messages that quote a packet behind their 8 bytes (RFC 792). */
enum st_icmp_type {
	ST_ICMP_UNREACHABLE = 3,
	ST_ICMP_SOURCE_QUENCH = 4,
	ST_ICMP_REDIRECT = 5,
	ST_ICMP_TIME_EXCEEDED = 11,
	ST_ICMP_PARAMETER_PROBLEM = 12,
};

/* The same for ICMPv6 (RFC 4443). */
enum st_icmpv6_type {
	ST_ICMPV6_UNREACHABLE = 1,
	ST_ICMPV6_TOO_BIG = 2,
	ST_ICMPV6_TIME_EXCEEDED = 3,
	ST_ICMPV6_PARAMETER_PROBLEM = 4,
};

/* Code of a parameter problem: the IPv6 way to say "protocol unreachable" (RFC 4443, 3.4). */
#define ST_ICMPV6_UNKNOWN_NEXT_HEADER 1

/* ICMP (RFC 792) or ICMPv6 (RFC 4443), told apart by the packet's protocol. */
struct st_icmp {
	uint8_t type;
	uint8_t code;
	uint16_t checksum;
	uint16_t echo_id, echo_seq; /* of an echo request or reply */
	bool is_error; /* carries a quote: unreachable, too big, time exceeded, parameter … */
};

/* The IP packet of a frame. Offsets count from the frame's first byte. */
struct st_packet {
	struct st_addr source, destination;
	uint32_t ip_offset;	     /* = bytes of link header */
	uint32_t transport_offset;   /* behind IPv4 options or IPv6 extension headers */
	uint32_t transport_captured; /* bytes of it in the frame, link padding not counted */
	uint32_t transport_wire; /* bytes of it by the IP header (by the frame's length if that says
				    0) */
	uint32_t payload_offset; /* behind the transport header (TCP, UDP: header; ICMP: 8 bytes) */
	uint32_t payload_captured;
	uint32_t payload_wire;
	uint32_t flow_label; /* IPv6 only */
	uint16_t ip_id;	     /* IPv4 only */
	uint8_t ip_version;  /* 4 or 6 */
	uint8_t protocol;    /* the transport's number */
	uint8_t ttl;	     /* TTL or hop limit */
	uint8_t tos;	     /* whole TOS byte or traffic class */
	bool dont_fragment;
	bool is_fragment;	  /* first or later */
	bool later_fragment;	  /* offset > 0: no transport header, no ports */
	bool more_fragments;	  /* this is not the last one */
	uint16_t fragment_offset; /* bytes of the fragmented transport that lie before this one's */
	uint32_t fragment_id;	  /* what fragments of one packet share; 0 unless is_fragment */
	bool has_ports;		  /* TCP or UDP; SCTP's ports are set without it */
	bool has_key;		  /* at least 8 bytes of transport */
	uint32_t key; /* bytes 4 to 7 of the transport, of any protocol: what quotes hold too */
	uint16_t source_port, destination_port;
	union {
		struct st_tcp tcp;
		struct st_udp udp;
		struct st_icmp icmp;
	};
};

/*
 * Finds the IP packet behind the link layer of `frame` (VLAN tags, PPPoE, PPP
 * and MPLS labels included) and decodes it down to the transport header (RFC 791, RFC 8200).
 *
 * ST_OK: every field that applies is set; later fragments and transports other
 *   than TCP, UDP, ICMP and ICMPv6 have neither ports nor the union set.
 * ST_TRUNCATED: the captured bytes end before the header does (a TCP header
 *   counts as complete without its options).
 * ST_MALFORMED: lengths or versions contradict each other.
 * ST_UNSUPPORTED: not IP (ARP, LLDP …), or an unknown link type.
 * Unless ST_OK, `packet` holds nothing that may be used.
 */
ST_API enum st_status st_packet_decode(const struct st_frame *frame, struct st_packet *packet);

/*
 * Steps into the packet that `packet` carries, if it is a tunnel's: IP in IP (RFC 2003,
 * RFC 2473), GRE (RFC 2784, RFC 2890; RFC 2637 with PPP), MPLS in IP, Ethernet in IP;
 * in UDP: VXLAN, Geneve, GTP-U, Teredo, L2TP, GRE and MPLS, by their ports and by
 * all that their headers have to be. `packet` is st_packet_decode's, or this one's,
 * view of `frame`. One step a call: who wants the innermost packet bounds the steps.
 *
 * ST_OK: `packet` is the inner one; offsets still count from the frame's first byte.
 * ST_NONE: it is no tunnel, or a later fragment of one. A UDP port alone is weak
 *   evidence: unless a tunnel's header and a good IP header follow, it is none.
 * ST_TRUNCATED, ST_MALFORMED, ST_UNSUPPORTED: as of st_packet_decode.
 * Unless ST_OK, `packet` is as it was.
 */
ST_API enum st_status st_packet_enter(const struct st_frame *frame, struct st_packet *packet);

/* True if st_packet_decode knows the link type. */
ST_API bool st_link_type_known(uint32_t link_type);

/*
 * True if a link header that came with one packet of a flow is good for another
 * of the same flow: only on such links are probes made. Headers with a sequence
 * number, a length or radio's state in them are read, but not copied.
 */
ST_API bool st_link_type_sendable(uint32_t link_type);

/*
 * The packet that an ICMP error quotes, as far as the quote goes. What the
 * quote is too short to tell is zero and not marked as present.
 */
struct st_quote {
	struct st_addr source, destination;
	uint8_t ip_version;
	uint8_t protocol;
	uint8_t ttl; /* as quoted: 1 by the book, 0 … 64 in the wild */
	uint8_t tos;
	uint32_t flow_label;  /* IPv6 */
	uint16_t ip_id;	      /* IPv4 */
	bool later_fragment;  /* quotes a fragment without transport header */
	bool has_ports;	      /* at least 4 bytes of transport */
	bool has_seq;	      /* TCP, at least 8 bytes */
	bool has_ack;	      /* TCP, at least 12 bytes */
	bool has_udp;	      /* UDP, at least 8 bytes: length and checksum */
	bool has_key;	      /* at least 8 bytes of transport, of any protocol */
	bool has_flags;	      /* TCP, at least 16 bytes: flags and window */
	bool dont_fragment;   /* IPv4 */
	uint32_t total_bytes; /* of the IP packet, as stated; 0: it does not say */
	uint32_t key;	      /* bytes 4 to 7 of the transport */
	uint8_t tcp_flags;
	uint16_t tcp_window;
	struct st_icmp icmp; /* of a quoted ICMP message, if has_key */
	uint16_t source_port, destination_port;
	uint32_t seq, ack;
	uint16_t udp_length, udp_checksum;
	uint32_t transport_bytes; /* bytes of the quoted transport that are there */
};

/*
 * Decodes the `count` bytes that follow the 8-byte header of an ICMP error.
 * `ip_version` is that of the packet carrying the error.
 * ST_TRUNCATED: not even the quoted IP header is whole. ST_MALFORMED: it is no
 * IP header of that version. Otherwise ST_OK.
 */
ST_API enum st_status st_quote_decode(const uint8_t *bytes, size_t count, uint8_t ip_version,
				      struct st_quote *quote);

/* Walks the extension objects of an ICMP error (RFC 4884). */
struct st_icmp_ext {
	const uint8_t *next; /* NULL: nothing left */
	size_t left;
};

struct st_icmp_object {
	uint8_t class_num;
	uint8_t c_type;
	const uint8_t *payload; /* borrowed from the packet */
	size_t payload_bytes;
};

/*
 * Finds the extension structure in an ICMP message of `count` bytes, its header
 * included. The place that the length field states is tried first, then byte
 * 128 of the quote (routers that predate RFC 4884 set no length); a structure
 * counts only with version 2 and a valid checksum.
 * ST_NONE: there is none.
 */
ST_API enum st_status st_icmp_ext_init(struct st_icmp_ext *ext, const uint8_t *message,
				       size_t count, uint8_t ip_version);

/* ST_OK with the next object, ST_NONE at the end, ST_MALFORMED at a broken one (the walk ends). */
ST_API enum st_status st_icmp_ext_next(struct st_icmp_ext *ext, struct st_icmp_object *object);

/* One entry of an MPLS label stack (RFC 4950). */
struct st_mpls_label {
	uint32_t label; /* 20 bits */
	uint8_t tc;	/* 3 bits, once EXP */
	uint8_t bottom; /* 0 or 1 */
	uint8_t ttl;
};

/*
 * Reads the label stack of an object of class 1, type 1 into at most `max`
 * labels; returns how many there are (entries past `max` are not counted),
 * 0 if the object is no label stack.
 */
ST_API size_t st_mpls_labels(const struct st_icmp_object *object, struct st_mpls_label *labels,
			     size_t max);

#ifdef __cplusplus
}
#endif

#endif
