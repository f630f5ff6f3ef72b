// Texts of the C interface, and proof that its numbers are those of the shared layout.
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "client_shm/layout.hpp"
#include "torc/torc.h"

namespace torc::client_shm {
namespace {

template <typename T>
constexpr int number(T value) {
    return static_cast<int>(value);
}

static_assert(number(Reason::none) == TORC_OK);
static_assert(number(Reason::illegal) == TORC_ERROR_ARGUMENT);
static_assert(number(Reason::bad_name) == TORC_ERROR_NAME);
static_assert(number(Reason::too_large) == TORC_ERROR_TOO_LARGE);
static_assert(number(Reason::wrong_state) == TORC_ERROR_STATE);
static_assert(number(Reason::permission) == TORC_ERROR_PERMISSION);
static_assert(number(Reason::name_taken) == TORC_ERROR_NAME_TAKEN);
static_assert(number(Reason::limit) == TORC_ERROR_LIMIT);
static_assert(number(Reason::version) == TORC_ERROR_VERSION);
static_assert(number(Reason::no_memory) == TORC_ERROR_MEMORY);
static_assert(number(Reason::malformed) == TORC_ERROR_HANDSHAKE);
static_assert(number(Reason::not_member) == TORC_ERROR_NOT_MEMBER);
static_assert(number(Reason::flushed) == TORC_ERROR_FLUSHED);
static_assert(number(Reason::group_kind) == TORC_ERROR_GROUP_KIND);
static_assert(number(Reason::daemon_lost) == TORC_ERROR_DAEMON_LOST);
static_assert(number(Reason::shutdown) == TORC_ERROR_SHUTDOWN);
static_assert(number(Reason::slow_reader) == TORC_ERROR_SLOW_READER);
static_assert(number(Reason::violation) == TORC_ERROR_VIOLATION);
static_assert(number(Reason::kicked) == TORC_ERROR_KICKED);
static_assert(number(Reason::view_too_large) == TORC_ERROR_VIEW_TOO_LARGE);
static_assert(number(Reason::closed) == TORC_ERROR_CLOSED);
static_assert(number(Reason::partition) == TORC_ERROR_PARTITION);
static_assert(number(Reason::flush_timeout) == TORC_ERROR_FLUSH_TIMEOUT);

static_assert(number(Service::unreliable) == TORC_UNRELIABLE);
static_assert(number(Service::reliable) == TORC_RELIABLE);
static_assert(number(Service::fifo) == TORC_FIFO);
static_assert(number(Service::causal) == TORC_CAUSAL);
static_assert(number(Service::agreed) == TORC_AGREED);
static_assert(number(Service::safe) == TORC_SAFE);

static_assert(TORC_NAME_MAX == kNameMax);
static_assert(TORC_GROUP_NAME_MAX <= kGroupNameMax);
static_assert(TORC_GROUPS_PER_MESSAGE_MAX == kGroupsPerMessageMax);

}  // namespace
}  // namespace torc::client_shm

const char* torc_version(void) { return TORC_VERSION; }

const char* torc_strerror(int result) {
    switch (result) {
        case TORC_OK:
            return "success";
        case TORC_READY:
            return "something is ready: do not wait";
        case TORC_WOULD_BLOCK:
            return "would block: not possible in the time allowed; try again";
        case TORC_ERROR_ARGUMENT:
            return "illegal argument: null pointer, unknown service or flag";
        case TORC_ERROR_NAME:
            return "name not allowed: empty, too long, or with a forbidden byte";
        case TORC_ERROR_TOO_LARGE:
            return "message or list of groups too large for this daemon";
        case TORC_ERROR_STATE:
            return "not now: reservation under way, too many held, or not asked for";
        case TORC_ERROR_FORKED:
            return "session belongs to the parent process: connect again";
        case TORC_ERROR_NO_DAEMON:
            return "no daemon answers there: is torcd running?";
        case TORC_ERROR_PERMISSION:
            return "the daemon's socket may not be opened by this user";
        case TORC_ERROR_NAME_TAKEN:
            return "a session of this name is open at the daemon";
        case TORC_ERROR_LIMIT:
            return "a configured limit of the daemon is reached";
        case TORC_ERROR_VERSION:
            return "library and daemon speak different versions";
        case TORC_ERROR_MEMORY:
            return "no memory for the session, here or at the daemon";
        case TORC_ERROR_SYSTEM:
            return "a system call failed unexpectedly; errno tells";
        case TORC_ERROR_HANDSHAKE:
            return "the peer at that path is no Torc daemon";
        case TORC_ERROR_NOT_MEMBER:
            return "this session is no member of the group: join it first";
        case TORC_ERROR_FLUSHED:
            return "the group is between two views: send after the next one";
        case TORC_ERROR_GROUP_KIND:
            return "the group is of the other kind: plain, or with flush";
        case TORC_ERROR_TOO_SMALL:
            return "the memory given does not hold the message";
        case TORC_ERROR_DAEMON_LOST:
            return "the daemon died: connect again";
        case TORC_ERROR_SHUTDOWN:
            return "the daemon was stopped";
        case TORC_ERROR_SLOW_READER:
            return "closed by the daemon: messages were not read in time";
        case TORC_ERROR_VIOLATION:
            return "closed: the shared memory of this session held nonsense";
        case TORC_ERROR_KICKED:
            return "closed by the administrator of the daemon";
        case TORC_ERROR_VIEW_TOO_LARGE:
            return "closed: a group's member list exceeded the memory";
        case TORC_ERROR_CLOSED:
            return "the session is closed";
        case TORC_ERROR_PARTITION:
            return "closed: this part of the cluster may not go on";
        case TORC_ERROR_FLUSH_TIMEOUT:
            return "closed: a flush request was not answered in time";
        default:
            return "unknown result code";
    }
}
