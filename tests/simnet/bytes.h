/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers in network order, sums, hashes and header lengths, for those parts of
 * the simulation that touch packets. Lengths are the callers' to check.
 */
#ifndef SIMNET_BYTES_H
#define SIMNET_BYTES_H

#include <stddef.h>
#include <stdint.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define TCP_HEADER 20
#define UDP_HEADER 8
#define ICMP_HEADER 8

/* FNV-1a over a run of bytes; begins with FNV1A_BASIS. */
#define FNV1A_BASIS 2166136261u

static inline uint32_t fnv1a(uint32_t hash, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

static inline void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static inline uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* Kernels behind a TUN device may send IPv4 options; our own packets have none. */
static inline size_t ip_header_bytes(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? (size_t)(ip[0] & 15) * 4 : IPV6_HEADER;
}

/* The Internet checksum in two steps (RFC 1071); the sum of 64 KiB fits. */
uint32_t sum16(uint32_t sum, const uint8_t *bytes, size_t count);
uint16_t fold(uint32_t sum);

/* Of a transport or ICMPv6 message, with the pseudo header of its IP packet. */
uint16_t transport_checksum(const uint8_t *ip, size_t count, uint8_t protocol);

/* Writes the header checksum of an IPv4 packet. */
void write_header_checksum(uint8_t *ip);

#endif
