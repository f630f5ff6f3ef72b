#include "groups/directory.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace torc::groups {
namespace {

/// The finaliser of SplitMix64: every bit of the result depends on every bit of both.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    std::uint64_t mixed = a * 0x9E3779B97F4A7C15u + b;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

std::uint64_t hash_of_process(const Participant& who) {
    return mix(raw(who.daemon), raw(who.session));
}

std::uint64_t hash_of_place(std::uint32_t group, std::uint32_t process) {
    return mix(group, process);
}

/// A process is in one group at the least.
std::size_t processes_of(const DirectoryLimits& limits) {
    return std::min(limits.memberships, kNodesMax * kSessionsMax);
}

}  // namespace

Directory::Directory(NodeIndex me, const DirectoryLimits& limits)
    : me_(me),
      groups_(limits.groups),
      processes_(processes_of(limits)),
      places_(limits.memberships),
      locals_(limits.groups),
      long_names_(limits.groups),
      group_index_(limits.groups),
      process_index_(processes_of(limits)),
      place_index_(limits.memberships) {}

void Directory::clear() {
    groups_.clear();
    processes_.clear();
    places_.clear();
    locals_.clear();
    long_names_.clear();
    group_index_.clear();
    process_index_.clear();
    place_index_.clear();
    digest_ = 0;
    ++changes_;
}

// --- finding -------------------------------------------------------------------------------------

Directory::GroupId Directory::find(const GroupKey& group) const {
    return group_index_.find(group.hash, [&](GroupId id) { return name(id) == group.name; });
}

Directory::ProcessId Directory::find_process(const Participant& who) const {
    return process_index_.find(hash_of_process(who),
                               [&](ProcessId id) { return processes_[id].who.same_process(who); });
}

Directory::PlaceId Directory::place_of(GroupId group, const Participant& who) const {
    const ProcessId process = find_process(who);
    if (process == kNone) return kNone;
    return place_index_.find(hash_of_place(group, process), [&](PlaceId id) {
        return places_[id].group == group && places_[id].process == process;
    });
}

// --- members come and go -------------------------------------------------------------------------

Directory::GroupId Directory::make_group(const GroupKey& group) {
    const GroupId id = groups_.take();
    Group& entry = groups_[id];
    entry.hash = group.hash;
    if (group.name.size() <= kShortGroupNameMax) {
        entry.short_name = FixedName<kShortGroupNameMax>(group.name);
    } else {
        entry.long_name = long_names_.take(group.name);
    }
    group_index_.insert(id, group.hash);
    digest_ += digest_of(id);
    ++changes_;
    return id;
}

void Directory::drop_group(GroupId group) {
    const Group& entry = groups_[group];
    digest_ -= digest_of(group);
    group_index_.erase(group);
    if (entry.long_name != kNone) long_names_.give_back(entry.long_name);
    if (entry.locals != kNone) locals_.give_back(entry.locals);
    groups_.give_back(group);
    ++changes_;
}

Directory::ProcessId Directory::make_process(const Participant& who) {
    const std::uint64_t hash = hash_of_process(who);
    const ProcessId id = processes_.take();
    processes_[id].who = who;
    processes_[id].digest = mix(hash, hash_name(who.name.view()));
    process_index_.insert(id, hash);
    return id;
}

void Directory::drop_process(ProcessId process) {
    process_index_.erase(process);
    processes_.give_back(process);
}

Directory::Add Directory::add(const GroupKey& key, const Participant& who) {
    GroupId group = find(key);
    if (group != kNone && is_member(group, who)) return Add::already_member;
    ProcessId process = find_process(who);
    if (places_.full() || (group == kNone && groups_.full()) ||
        (process == kNone && processes_.full())) {
        return Add::full;
    }
    if (group == kNone) group = make_group(key);
    if (process == kNone) process = make_process(who);

    const PlaceId place = places_.take();
    places_[place].group = group;
    places_[place].process = process;
    link(place);
    place_index_.insert(place, hash_of_place(group, process));
    if (who.daemon == me_) hear_in(group, who.session.slot);
    return Add::added;
}

bool Directory::remove(GroupId group, const Participant& who) {
    const PlaceId place = place_of(group, who);
    if (place == kNone) return false;
    const ProcessId process = places_[place].process;
    place_index_.erase(place);
    unlink(place);
    places_.give_back(place);
    if (who.daemon == me_) mute_in(group, who.session.slot);
    if (groups_[group].size == 0) drop_group(group);
    if (processes_[process].first == kNone) drop_process(process);
    return true;
}

/// Last in its group, first among the groups of its process.
void Directory::link(PlaceId id) {
    Place& place = places_[id];
    Group& group = groups_[place.group];
    place.before = group.last;
    (group.last == kNone ? group.first : places_[group.last].next) = id;
    group.last = id;
    ++group.size;

    Process& process = processes_[place.process];
    place.next_of_process = process.first;
    if (process.first != kNone) places_[process.first].before_of_process = id;
    process.first = id;
    digest_ += digest_of_place(id);
}

void Directory::unlink(PlaceId id) {
    const Place& place = places_[id];
    digest_ -= digest_of_place(id);
    if (place.next != kNone) digest_ -= digest_of_place(place.next);
    Group& group = groups_[place.group];
    (place.before == kNone ? group.first : places_[place.before].next) = place.next;
    (place.next == kNone ? group.last : places_[place.next].before) = place.before;
    --group.size;
    if (place.next != kNone) digest_ += digest_of_place(place.next);

    Process& process = processes_[place.process];
    (place.before_of_process == kNone ? process.first
                                      : places_[place.before_of_process].next_of_process) =
        place.next_of_process;
    if (place.next_of_process != kNone) {
        places_[place.next_of_process].before_of_process = place.before_of_process;
    }
}

// --- fan-out -------------------------------------------------------------------------------------

void Directory::hear_in(GroupId group, std::uint16_t slot) {
    std::uint32_t& locals = groups_[group].locals;
    if (locals == kNone) locals = locals_.take();
    locals_[locals].add(slot);
    ++changes_;
}

void Directory::mute_in(GroupId group, std::uint16_t slot) {
    std::uint32_t& locals = groups_[group].locals;
    if (locals == kNone) return;
    locals_[locals].remove(slot);
    ++changes_;
    if (!locals_[locals].empty()) return;
    locals_.give_back(locals);
    locals = kNone;
}

void Directory::mute(SessionId session) {
    for_each_group_of(Participant{me_, session, {}},
                      [&](GroupId group) { mute_in(group, session.slot); });
}

// --- flush groups --------------------------------------------------------------------------------

void Directory::set_flush(GroupId group, bool is_flush) {
    digest_ -= digest_of(group);
    groups_[group].is_flush = is_flush;
    digest_ += digest_of(group);
}

void Directory::set_flush_state(PlaceId place, const FlushState& state) {
    digest_ -= digest_of_place(place);
    places_[place].flush = state;
    digest_ += digest_of_place(place);
}

// --- digest --------------------------------------------------------------------------------------
//
// A sum over groups and places, because ids have no agreed order. The order of members is in it
// because each counts together with the one before it.

std::uint64_t Directory::digest_of(GroupId group) const {
    return mix(groups_[group].hash, groups_[group].is_flush ? 1 : 0);
}

std::uint64_t Directory::digest_of_place(PlaceId id) const {
    const Place& place = places_[id];
    const std::uint64_t before =
        place.before == kNone ? 0 : processes_[places_[place.before].process].digest;
    const std::uint64_t who = mix(processes_[place.process].digest, before);
    const std::uint64_t state = mix(place.flush.cell, place.flush.flushed ? 1 : 0);
    return mix(mix(groups_[place.group].hash, who), state);
}

}  // namespace torc::groups
