/* The C interface of libtorc: sessions with the Torc daemon of this machine through shared memory.
 *
 * The library depends on libc alone. It installs no signal handler, raises no SIGPIPE and no
 * SIGBUS, starts no thread and keeps no global state: everything belongs to a torc_session.
 *
 * Conventions
 * - Every function that can fail returns an int: TORC_OK (0), or a negative TORC_* code that
 *   torc_strerror() explains. Nothing is written through an out parameter on failure, but for
 *   TORC_ERROR_TOO_SMALL, where it is said what.
 * - A `timeout_ns` of 0 never blocks, TORC_FOREVER waits without limit, a positive value is that
 *   many nanoseconds of the monotonic clock. An expired wait is TORC_WOULD_BLOCK: nothing happened.
 * - Joins, leaves, sends and flush answers are *operations*. A call that gives TORC_OK has put its
 *   operation in order behind all earlier ones of the session and given it a number, from 1. What
 *   only the daemon or the order can decide is answered later by a TORC_REFUSED record with that
 *   number and a reason. No record means: done, or lost with the session; see torc_counts_of().
 *
 * End of a session: TORC_ERROR_DAEMON_LOST and the codes below it say why. Records that had arrived
 * before are still received first; after them, and from every other call at once, comes the same
 * code, however often it is asked. Nothing blocks any more, the descriptors stay readable, and
 * torc_close() is all that is left to do. A death of the daemon is noticed by waiting calls at
 * once, by sends that need not wait within a few calls; what they accepted in between counts as
 * undelivered.
 *
 * Threads: a session may be used from any thread; sends take one lock and receives another, neither
 * is held while waiting. A session opened with TORC_SINGLE_THREADED takes no lock. Only
 * torc_close() must be alone: no other call may be running, and none may follow. Two threads that
 * close one session at once break that rule like two that free() one pointer: use torc_hang_up()
 * from any of them and as often as you like, join the threads, close once.
 *
 * fork: the child shares the memory of the session and must not use it. Every call in a child gives
 * TORC_ERROR_FORKED; torc_close() there frees the child's copy and leaves the parent's session be.
 * exec closes all descriptors of the library (close-on-exec).
 *
 * The process: the library changes no signal's disposition and no thread's mask, calls no atexit()
 * and no locale, leaves errno of successful calls alone, and after torc_close() or a failed
 * torc_connect() nothing of it is left: no descriptor, mapping, memory or thread.
 */
#ifndef TORC_TORC_H
#define TORC_TORC_H

#include <sys/uio.h> /* struct iovec */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TORC_VERSION "0.1.0"
#define TORC_VERSION_NUMBER 0x000100 /* major << 16 | minor << 8 | patch */

#if defined(__GNUC__)
#define TORC_API __attribute__((visibility("default")))
#define TORC_CHECK_RESULT __attribute__((warn_unused_result))
#else
#define TORC_API
#define TORC_CHECK_RESULT
#endif

#define TORC_FOREVER INT64_C(-1)

enum {
    TORC_NAME_MAX = 31,             /* bytes of a session or daemon name */
    TORC_GROUP_NAME_MAX = 66,       /* bytes of a group or private name */
    TORC_LONG_GROUP_NAME_MAX = 255, /* bytes of a group name, for sessions with TORC_LONG_NAMES */
    TORC_GROUPS_PER_MESSAGE_MAX = 100,
    TORC_HELD_MAX = 64 /* messages received and not yet released */
};

/* What a call answers. The numbers are part of the ABI; new ones go to the end of a block. */
enum torc_result {
    TORC_OK = 0,
    TORC_READY = 1,        /* torc_arm(): there is something to receive; do not wait */
    TORC_WOULD_BLOCK = -1, /* no room to send, or nothing to receive, within the time allowed */

    TORC_ERROR_ARGUMENT = -2,   /* a null pointer, an unknown flag or service, no group */
    TORC_ERROR_NAME = -3,       /* a session or group name that is not allowed */
    TORC_ERROR_TOO_LARGE = -4,  /* more than torc_message_bytes_max(), or too many groups */
    TORC_ERROR_STATE = -5,      /* release of nothing, second reservation, HELD_MAX held, flush_ok
                                   that nobody asked for */
    TORC_ERROR_FORKED = -6,     /* the session belongs to the parent process */
    TORC_ERROR_NO_DAEMON = -7,  /* no daemon listens at that path */
    TORC_ERROR_PERMISSION = -8, /* the socket's owner does not let this user in */
    TORC_ERROR_NAME_TAKEN = -9, /* a session of that name is open at this daemon */
    TORC_ERROR_LIMIT = -10,     /* the daemon or its directory of groups is as full as allowed */
    TORC_ERROR_VERSION = -11,   /* library and daemon speak different versions */
    TORC_ERROR_MEMORY = -12,    /* here or at the daemon: no memory for the session */
    TORC_ERROR_SYSTEM = -13,    /* a system call failed unexpectedly; errno tells */
    TORC_ERROR_HANDSHAKE = -14, /* the peer at that path answered nonsense */

    /* Of groups, mostly as the reason of a TORC_REFUSED: */
    TORC_ERROR_NOT_MEMBER = -15, /* flush_ok or a send to a flush group: not a member */
    TORC_ERROR_FLUSHED = -16,    /* send to a flush group after flush_ok, or before its first view:
                                    wait for the view, then send */
    TORC_ERROR_GROUP_KIND = -17, /* join of a flush group as a plain one, or the other way round;
                                    subgroup send to a plain group */

    TORC_ERROR_TOO_SMALL = -18, /* torc_receive_into(): what you gave does not hold the record */

    /* The session has ended: */
    TORC_ERROR_DAEMON_LOST = -32,    /* the daemon died */
    TORC_ERROR_SHUTDOWN = -33,       /* the daemon stopped in order */
    TORC_ERROR_SLOW_READER = -34,    /* this session did not receive fast enough */
    TORC_ERROR_VIOLATION = -35,      /* the shared memory of this session held nonsense */
    TORC_ERROR_KICKED = -36,         /* closed by the administrator: torc disconnect */
    TORC_ERROR_VIEW_TOO_LARGE = -37, /* a view event did not fit the session's memory */
    TORC_ERROR_CLOSED = -38,         /* the cluster closed the session */
    TORC_ERROR_PARTITION = -39,      /* this part of the cluster may not go on; no daemon of this
                                        version ends a session so */
    TORC_ERROR_FLUSH_TIMEOUT = -40   /* a flush request was not answered before the deadline */
};

/* Strength of a message's ordering and delivery guarantee; each includes those before it. */
enum torc_service {
    TORC_UNRELIABLE = 0,
    TORC_RELIABLE = 1,
    TORC_FIFO = 2,
    TORC_CAUSAL = 3,
    TORC_AGREED = 4, /* one total order for all groups */
    TORC_SAFE = 5,   /* and delivered only when every daemon of the ring has it */

    TORC_SELF_DISCARD = 0x100 /* or'ed to the service: the sender wants no copy of its own */
};

/* Of torc_options. */
enum torc_flags {
    TORC_SINGLE_THREADED = 1u << 0, /* no two threads of the program use this session at a time */
    TORC_LONG_NAMES = 1u << 1       /* it may join and address groups whose names have 67..255 bytes
                                       of UTF-8, and is ready to see such names */
};

/* Of torc_receive_into(). */
enum torc_receive_flags {
    TORC_TRUNCATE = 1u << 0 /* cut what does not fit instead of TORC_ERROR_TOO_SMALL */
};

/* Options of torc_connect(). Zero the struct and set `size`; every other zero means the default. */
typedef struct torc_options {
    size_t size;             /* sizeof(torc_options) */
    const char* daemon;      /* a socket path (has a '/'), or a daemon's name in runtime_dir;
                                NULL: the only daemon in runtime_dir */
    const char* runtime_dir; /* default "/run/torc" */
    const char* name;        /* session name: 1..31 printable ASCII bytes but '#' and blank;
                                default: the daemon picks one */
    int64_t timeout_ns;      /* of the connect; 0 is 5 s, TORC_FOREVER is allowed */
    int64_t spin_ns;         /* look for this long before sleeping; 0 is 20 us, negative none.
                                Between looks the processor is offered to others. */
    uint32_t flags;          /* enum torc_flags */
    uint32_t reserved;
} torc_options;

typedef struct torc_session torc_session;

/* Names in a message, one after the other; see torc_names_next(). */
typedef struct torc_names {
    const char* at;
    uint32_t count;
    uint32_t bytes;
} torc_names;

/* What torc_receive() gives. */
enum torc_kind {
    TORC_MESSAGE = 1,      /* somebody's message */
    TORC_VIEW = 2,         /* the members of a group changed; see `cause` */
    TORC_TRANSITIONAL = 3, /* a group's guarantees are reduced until the next view */
    TORC_SELF_LEAVE = 4,   /* this session has left the group; no more messages of it will come */
    TORC_WARNING = 5,      /* more waits than the daemon's high-water mark: read faster */
    TORC_REFUSED = 6,      /* an operation of this session was refused; see `reason`, `operation` */
    TORC_FLUSH_REQUEST = 7 /* a flush group is about to change: send what belongs to the present
                              view, then torc_flush_ok() */
};

enum torc_cause {
    TORC_CAUSE_JOIN = 0,
    TORC_CAUSE_LEAVE = 1,
    TORC_CAUSE_DISCONNECT = 2,
    TORC_CAUSE_NETWORK = 3
};

/* One received record. Pointers lead into the session's memory and live until torc_release();
 * strings end with a NUL. Fields that a kind does not use are 0 or NULL. */
typedef struct torc_message {
    uint32_t kind; /* enum torc_kind */

    uint8_t service;    /* MESSAGE: enum torc_service */
    uint8_t cause;      /* VIEW: enum torc_cause */
    uint16_t type;      /* MESSAGE: the sender's 16-bit tag */
    const char* sender; /* MESSAGE: private name; VIEW: who joined, left or was disconnected */
    const char* group;  /* VIEW, TRANSITIONAL, SELF_LEAVE, FLUSH_REQUEST: it;
                           MESSAGE: the first of `groups` */
    torc_names groups;  /* MESSAGE: destinations as the sender named them */
    const void* data;   /* MESSAGE: payload, 8-byte aligned */
    size_t size;        /* MESSAGE: bytes of it */

    /* Place in the one order. MESSAGE: message `index` of frame `seq` on a ring; VIEW: `index` of
     * the view on a ring. Equal at every receiver. (ring_epoch, ring_representative) is a ring. */
    uint64_t ring_epoch;
    uint64_t ring_representative;
    uint64_t seq;
    uint64_t index;

    torc_names members;      /* VIEW: private names, same order everywhere */
    const uint16_t* vs_sets; /* VIEW: members[i] came along in set vs_sets[i], from 0; members of
                                one set have received the same up to this view; never NULL */
    uint16_t my_vs_set;      /* VIEW: set of this session */

    uint16_t reserved16;
    int32_t reason;          /* REFUSED: a TORC_ERROR_ code. SELF_LEAVE: TORC_OK after
                                torc_leave(), else why the session had to leave the group */
    uint64_t operation;      /* REFUSED: which; compare with torc_operations(). 0: a message below
                                TORC_CAUSAL, to a group that became a flush group meanwhile */
    uint64_t fill_bytes;     /* WARNING: bytes waiting */
    uint64_t capacity_bytes; /* WARNING: of that many */

    uint64_t position; /* the library's: what torc_release() gives back */

    uint64_t names_size;             /* room that all names and sets of this record take in
                                        torc_target.names */
    uint64_t waiting_messages;       /* WARNING: records waiting */
    uint64_t waiting_messages_limit; /* WARNING: of that many; 0: only bytes are limited */
    uint64_t reserved[1];
} torc_message;

/* Where torc_receive_into() puts what it copies. Zero the struct first. */
typedef struct torc_target {
    const struct iovec* pieces; /* the payload goes here, filling one piece after the other */
    size_t piece_count;
    void* names;       /* sender, group, groups, members and sets go here, and the pointers of the
                          torc_message lead there; NULL: you do not want them */
    size_t names_size; /* bytes there; message->names_size tells how many a record needs */
    uint32_t flags;    /* enum torc_receive_flags */
    uint32_t reserved;
} torc_target;

/* How far the operations of a session have come. Set `size` before the call. */
typedef struct torc_counts {
    size_t size;           /* sizeof(torc_counts) */
    uint64_t accepted;     /* by this library: all with numbers 1..accepted */
    uint64_t taken;        /* by the daemon: all with numbers 1..taken left the shared memory */
    uint64_t ordered;      /* how many got their place in the order: no crash of this daemon takes
                              that back for those who stay with it */
    uint64_t refused;      /* how many the daemon refused before the order */
    uint64_t undelivered;  /* accepted - ordered - refused: under way, or lost if the session has
                              ended */
    uint64_t received;     /* records this session received */
    uint64_t unread;       /* records that the daemon wrote for it and it has not released */
    uint64_t unread_bytes; /* bytes of them */
} torc_counts;

/* Memory lent by torc_reserve(). */
typedef struct torc_reservation {
    void* data;        /* 8-byte aligned */
    size_t size;       /* writable bytes */
    uint64_t position; /* the library's */
} torc_reservation;

/* ---- session ---- */

/* Opens a session with a daemon of this machine. On success *session must be closed with
 * torc_close(). Blocks at most options->timeout_ns. `options` may be NULL. */
TORC_API TORC_CHECK_RESULT int torc_connect(const torc_options* options, torc_session** session);

/* Closes in order: all that was sent stays sent, other members see this session disconnect. Gives
 * back everything the session holds; reservations and received messages become invalid. NULL is
 * allowed. Never blocks. */
TORC_API int torc_close(torc_session* session);

/* Ends the session, from any thread and at any time, also twice and at once: what was sent stays
 * sent, calls that wait come back, and they and all later ones give TORC_ERROR_CLOSED. Gives back
 * nothing: torc_close() must follow, once no other call runs. Fails: ARGUMENT, FORKED. */
TORC_API int torc_hang_up(torc_session* session);

/* "#name#daemon": where others send to reach this session alone. Lives as long as the session. */
TORC_API const char* torc_private_name(const torc_session* session);

/* Largest payload of one message at this daemon. */
TORC_API size_t torc_message_bytes_max(const torc_session* session);

/* Number of the latest accepted operation (join, leave, send, flush_ok), from 1. TORC_REFUSED names
 * it. With several sending threads it is the latest of any of them. */
TORC_API uint64_t torc_operations(const torc_session* session);

/* How far the operations have come, also after the session has ended: then `undelivered` is how
 * many of them nobody will ever see, as far as the daemon could still tell. The numbers are read
 * without a lock; under way they may be a moment old, but never too high. Never blocks.
 * Fails: ARGUMENT (NULL, or `size` unknown), FORKED. */
TORC_API int torc_counts_of(const torc_session* session, torc_counts* counts);

/* ---- groups: ordered among all messages; the outcome arrives as TORC_VIEW or TORC_REFUSED ---- */

/* Joins a plain group. Each member, this session too, gets a TORC_VIEW at the join's place in the
 * order. A second join of the same group changes nothing and gives nothing. Refused later: LIMIT,
 * GROUP_KIND. */
TORC_API TORC_CHECK_RESULT int torc_join(torc_session* session, const char* group,
                                         int64_t timeout_ns);
/* Leaves a group of either kind: TORC_SELF_LEAVE here, TORC_VIEW for the others. A leave of a group
 * that this session is not in changes nothing and gives nothing. */
TORC_API TORC_CHECK_RESULT int torc_leave(torc_session* session, const char* group,
                                          int64_t timeout_ns);

/* ---- flush groups: view synchrony; a message is delivered in the view that it was sent in ----
 *
 * A group is a flush group if its first member joined it with torc_flush_join(). It is closed: only
 * members may send to it. Before a change (join, leave, disconnect, network) becomes a view, each
 * member gets a TORC_FLUSH_REQUEST, may go on sending, and answers with torc_flush_ok(); then it
 * may not send to the group until it receives the next TORC_VIEW. Changes that come meanwhile join
 * the same view. Who does not answer within the daemon's flush_deadline loses its session
 * (TORC_ERROR_FLUSH_TIMEOUT), so nobody holds the group up for ever. */

/* Joins a flush group, or founds it. The first TORC_VIEW comes once its members have flushed; until
 * then a send to the group is TORC_ERROR_FLUSHED. Refused later: LIMIT, GROUP_KIND. */
TORC_API TORC_CHECK_RESULT int torc_flush_join(torc_session* session, const char* group,
                                               int64_t timeout_ns);
/* Answers a TORC_FLUSH_REQUEST: nothing more will be sent to the group in the present view.
 * Fails: STATE (no request of this group has been received, or it is answered already). Refused
 * later: NOT_MEMBER, STATE. */
TORC_API TORC_CHECK_RESULT int torc_flush_ok(torc_session* session, const char* group,
                                             int64_t timeout_ns);

/* ---- sending: `service` is a torc_service, perhaps with TORC_SELF_DISCARD ---- */

/* Sends to one group (or private name). The data is copied once, into the session's memory.
 * TORC_OK: accepted and in order after everything this session sent before. Anybody may send to a
 * plain group; one without members takes the message to nobody. To a flush group: FLUSHED at once
 * after torc_flush_ok() and before the first view; services below TORC_CAUSAL become TORC_AGREED
 * there. Refused later: NAME (a malformed private name, not UTF-8), NOT_MEMBER, FLUSHED. */
TORC_API TORC_CHECK_RESULT int torc_send(torc_session* session, unsigned service, const char* group,
                                         uint16_t type, const void* data, size_t size,
                                         int64_t timeout_ns);

/* Sends once to all of 1..100 groups; a member of several of them gets one copy. */
TORC_API TORC_CHECK_RESULT int torc_multigroup_send(torc_session* session, unsigned service,
                                                    const char* const* groups, size_t group_count,
                                                    uint16_t type, const void* data, size_t size,
                                                    int64_t timeout_ns);

/* The same, with the payload gathered from several pieces. */
TORC_API TORC_CHECK_RESULT int torc_send_scatter(torc_session* session, unsigned service,
                                                 const char* const* groups, size_t group_count,
                                                 uint16_t type, const struct iovec* pieces,
                                                 size_t piece_count, int64_t timeout_ns);

/* Sends several messages to the same groups, in order: messages[i] is the payload of one. Each is
 * an operation of its own, as if sent by torc_multigroup_send(), at a fraction of the cost: what
 * they have in common is checked and written once, and the daemon is told once. TORC_OK: all were
 * accepted. Else *sent, which is always set, tells how many were: the first of them. WOULD_BLOCK:
 * no room for the next one within the time. A message that is too large is found before any is
 * sent. */
TORC_API TORC_CHECK_RESULT int torc_send_many(torc_session* session, unsigned service,
                                              const char* const* groups, size_t group_count,
                                              uint16_t type, const struct iovec* messages,
                                              size_t count, size_t* sent, int64_t timeout_ns);

/* Sends within the present view of a flush group to some of its members: `members` are 1..99
 * private names. Who of them is not in the sender's view gets nothing. Otherwise like torc_send();
 * receivers see the group first in `groups`, then the members. Refused later: also GROUP_KIND. */
TORC_API TORC_CHECK_RESULT int torc_subgroup_send(torc_session* session, unsigned service,
                                                  const char* group, const char* const* members,
                                                  size_t member_count, uint16_t type,
                                                  const void* data, size_t size,
                                                  int64_t timeout_ns);

/* Lends room for a message so that it is written in place. Nobody sees it before torc_commit();
 * other sends of the session wait until then (from the same thread: TORC_ERROR_STATE). A daemon
 * that dies meanwhile is harmless: the memory stays, commit reports the loss. */
TORC_API TORC_CHECK_RESULT int torc_reserve(torc_session* session, unsigned service,
                                            const char* const* groups, size_t group_count,
                                            uint16_t type, size_t size,
                                            torc_reservation* reservation, int64_t timeout_ns);

/* Sends the first `size` bytes (at most those reserved) of the reservation. */
TORC_API TORC_CHECK_RESULT int torc_commit(torc_session* session,
                                           const torc_reservation* reservation, size_t size);
/* Gives the room back unsent. */
TORC_API int torc_abort(torc_session* session, const torc_reservation* reservation);

/* ---- receiving ---- */

/* Gives the next record, in order. Hold at most TORC_HELD_MAX; release them in any order. What is
 * held takes room: the daemon counts it as unread. */
TORC_API TORC_CHECK_RESULT int torc_receive(torc_session* session, torc_message* message,
                                            int64_t timeout_ns);
/* Gives a record's memory back. STATE: it is not held. Works after the session's end too. */
TORC_API int torc_release(torc_session* session, const torc_message* message);
/* Gives back a record and all received before it that are still held: cheaper than one by one for a
 * program that receives many and then works on them. STATE: it is not held; nothing was given back.
 * Works after the session's end too. */
TORC_API int torc_release_through(torc_session* session, const torc_message* message);

/* Receives the next record by copying it: the payload into target->pieces, everything else into
 * target->names. It needs no release; its pointers lead into target->names, `data` is NULL, `size`
 * the payload's size. TORC_ERROR_TOO_SMALL: the record stays, the next receive gives it again;
 * message->kind, size and names_size are set and tell what it needs. With TORC_TRUNCATE the payload
 * is cut (`size` still tells its full size), and names that do not fit are NULL and empty. */
TORC_API TORC_CHECK_RESULT int torc_receive_into(torc_session* session, torc_message* message,
                                                 const torc_target* target, int64_t timeout_ns);

/* Next name of a list that a message carries, or NULL at its end; advances *names. */
TORC_API const char* torc_names_next(torc_names* names);

/* ---- views: who came with whom. Members of one set were in the same view before this one and have
 * received the same messages in it; members of different sets may have to exchange state. Each
 * joiner is a set of its own. Other records than views have no set. ---- */

/* Number of sets; they are numbered from 0, at all members alike. */
TORC_API size_t torc_view_set_count(const torc_message* view);
/* Members of one set, in the view's order. Fills at most `max` names (they live as long as the
 * record) and gives how many members the set has, as snprintf() does; 0: no such set. */
TORC_API size_t torc_view_set(const torc_message* view, unsigned set, const char** names,
                              size_t max);
/* The same for the set of this session, itself included. */
TORC_API size_t torc_view_came_with_me(const torc_message* view, const char** names, size_t max);

/* ---- waiting with poll, epoll, io_uring ---- */

/* A descriptor that polls readable when there is something to receive or the session has ended. It
 * only speaks while armed: drain with torc_receive(.., 0), then torc_arm(); TORC_OK means wait on
 * the descriptor, TORC_READY means receive first. Works with poll, epoll (level- or edge-triggered,
 * also EPOLLONESHOT) and io_uring's poll. It may be readable once with nothing to receive. After
 * the session's end it stays readable. Do not read or close it. */
TORC_API int torc_fd(const torc_session* session);
TORC_API TORC_CHECK_RESULT int torc_arm(torc_session* session);

/* The same for sending after TORC_WOULD_BLOCK: torc_arm_send() for a message of `size` bytes, then
 * wait until torc_send_fd() polls readable and try again. TORC_READY: try at once. */
TORC_API int torc_send_fd(const torc_session* session);
TORC_API TORC_CHECK_RESULT int torc_arm_send(torc_session* session, size_t size);

/* ---- text ---- */

/* What a result means and what to do; never NULL, static. */
TORC_API const char* torc_strerror(int result);
/* Version of the library at run time, "major.minor.patch". */
TORC_API const char* torc_version(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TORC_TORC_H */
