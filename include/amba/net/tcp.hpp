// TCP sockets as amba wants them: non-blocking, close-on-exec, TCP_NODELAY, and with the byte of
// urgent data in the stream, where a read stops before it (SO_OOBINLINE, tcp(7)).
//
// No TCP_USER_TIMEOUT: it ends a live connection whose reader is slow.
#pragma once

#include <optional>
#include <vector>

#include "amba/core/bind.hpp"
#include "amba/core/endpoint.hpp"
#include "amba/core/result.hpp"
#include "amba/net/descriptor.hpp"

namespace amba::net {

// Keepalive after 60 s of silence, every 10 s, 6 times (socket(7), tcp(7)); Docker's IPVS forgets
// idle flows after 900 s. Accepted sockets have it from their listener; a socket that connects gets
// it from its owner once it has lived for a while, as it costs four system calls.
void keep_alive(int fd);

// Starts to connect. `error` is 0 when the connect is under way or done (the poller tells), or the
// errno with which it failed at once.
struct Connecting {
    Descriptor socket;
    int error = 0;
};
// kUnfinished holds back the ACK that ends the handshake (TCP_QUICKACK of tcp(7), off), for 200 ms
// at the most: that long Linux delays an ACK. When the connection is reset meanwhile the server's
// kernel forgets it, and accept(2) never returns it (RFC 9293, 3.10.7.4: a reset in SYN-RECEIVED).
enum class Handshake { kWhole, kUnfinished };
Connecting connect_to(const core::Endpoint& endpoint, Handshake handshake = Handshake::kWhole);
// Asked of a connection that was made with kUnfinished: is the ACK still held back? False as well
// where the kernel does not tell (Linux before 4.2, gVisor).
bool is_unfinished(int fd);

// The address of this end; nullopt when there is none any more.
std::optional<core::Endpoint> local_of(int fd);
// Whose fault is a connect that failed? What this host lacks says nothing about the other end.
//
// Descriptors, memory, local ports (socket(2), connect(2)): whenever the error comes.
bool is_local_shortage(int error);
// This host's routes and rules (ip-route(8): none, unreachable, prohibit, blackhole; an interface
// that is down; IPv6 switched off; a program of the cgroup, seccomp, a security module), or what it
// lacks. Of Connecting::error alone, which is known before a packet has left: the same numbers from
// take_error() were sent by a router, or mean that nobody answered ARP (EHOSTUNREACH), so that the
// other end, or the way to it, is what fails. A packet filter of this host cannot be told from the
// network: a dropped SYN is silence, a rejected one ECONNREFUSED or an ICMP error.
bool is_refused_here(int error);

// A connect to a port of the range that clients are given can meet itself when nobody listens there
// (RFC 9293, simultaneous open). After reset_on_close() its port is free again with the close, as
// no TIME_WAIT holds it.
bool is_connected_to_itself(int fd);

// The address of the other end; nullopt when it is gone.
std::optional<core::Endpoint> peer_of(int fd);
// A hash of the address of the other end, without its port: the same in every process.
std::uint64_t peer_hash(int fd);

// The pending error of a socket (SO_ERROR), 0 when there is none.
int take_error(int fd);

// A socket that is bound and does not listen yet, or why not. Accepted sockets inherit its options.
// `share` sets SO_REUSEPORT for the bind: see share_port().
core::Result<Descriptor> bind_to(const core::Bind& bind, bool share);
// Empty, or why not: another socket may have begun to listen there since the bind.
std::optional<core::Error> start_listening(int fd, const core::Bind& bind);

// Allows (or forbids again) another socket to bind an address that overlaps this one's. Both need
// it, and only until the new one listens (socket(7), SO_REUSEPORT).
void share_port(int fd, bool on);

// Takes a listening socket out of the way before it is closed: a new SYN finds another socket that
// listens at its address, or none and is refused, while handshakes that have begun still end in the
// queue of this one. What is in the queue of a socket that is closed is reset.
void retire_listener(int listener);

// What a read would find, without reading it: bytes, the end of the stream or an error (which is
// taken by that), or nothing yet.
enum class Arrived : std::uint8_t { kNothing, kBytes, kEnd };
Arrived arrived(int fd);

// The peer has sent FIN or a reset, whether or not what came before it was read.
bool peer_has_ended(int fd);

// Takes the pending error of a socket whose connect has ended; 0 when there is none. It is 0 as
// well, and the error stays, when bytes came before it: then the connect has succeeded, and whoever
// reads those bytes finds the error after them.
int error_before_bytes(int fd);

// Makes close() send a reset instead of FIN.
void reset_on_close(int fd);

// Bytes that were written and that the peer has not acknowledged yet (SIOCOUTQ).
int unacknowledged(int fd);

// Addresses of this host's interfaces.
std::vector<core::Address> local_addresses();

}  // namespace amba::net
